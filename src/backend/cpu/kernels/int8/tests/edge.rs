//! Memory that ends where the process may not read.

/// A copy of `values` whose end is that of its page, before a page without access. It is never freed.
#[cfg(target_os = "linux")]
pub fn at_the_edge<T: bytemuck::Pod>(values: &[T]) -> &'static mut [T] {
    // SAFETY: a question about the system.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap();
    let bytes = size_of_val(values);
    let pages = bytes.div_ceil(page) * page;
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new memory, of which all but the last page is given access; the copy ends at that page, its size a multiple of
    // its alignment.
    unsafe {
        let map = libc::mmap(std::ptr::null_mut(), pages + page, libc::PROT_NONE, kind, -1, 0);
        assert_ne!(map, libc::MAP_FAILED);
        assert_eq!(libc::mprotect(map, pages, access), 0);
        let copy: *mut T = map.byte_add(pages - bytes).cast();
        copy.copy_from_nonoverlapping(values.as_ptr(), values.len());
        std::slice::from_raw_parts_mut(copy, values.len())
    }
}

/// Elsewhere, plain memory.
#[cfg(not(target_os = "linux"))]
pub fn at_the_edge<T: bytemuck::Pod>(values: &[T]) -> &'static mut [T] {
    values.to_vec().leak()
}
