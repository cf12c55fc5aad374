//! The CUDA test bed (README.md beside this file): loads the fake driver into this process, before the engine looks for one.

#![allow(dead_code, reason = "every test program uses a part of it")]
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

#[path = "../common/agreement.rs"]
mod agreement;

/// The loaded bed.
pub struct Bed {
    directory: PathBuf,
    set_seed: unsafe extern "C" fn(u64),
    set_limit: unsafe extern "C" fn(*const c_char, i64) -> c_int,
    counters: unsafe extern "C" fn(*mut Counters),
    reset_counters: unsafe extern "C" fn(),
    kernel_launches: unsafe extern "C" fn(*const c_char) -> u64,
    argument_bytes: unsafe extern "C" fn(*const c_char) -> u64,
    name_allocation: unsafe extern "C" fn(u64, *const c_char),
}

/// What the whole process has made the driver do since the last reset.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub launches: u64,
    pub cooperative_launches: u64,
    pub graph_launches: u64,
    pub synchronizations: u64,
    pub allocations: u64,
    pub bytes_now: u64,
    pub bytes_peak: u64,
    pub bytes_to_device: u64,
    pub bytes_to_host: u64,
}

impl Bed {
    /// The folder of its libcuda.so, for the LD_LIBRARY_PATH of a child process.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// 0 runs the threads of a block in order, anything else in an adversarial order.
    pub fn set_seed(&self, seed: u64) {
        // SAFETY: the bed's function of this name and type (tests/bed/knobs.cpp); it stores one atomic.
        unsafe { (self.set_seed)(seed) }
    }

    /// Sets a knob of tests/bed/knobs.hpp.
    pub fn set_limit(&self, name: &str, value: i64) {
        let name = CString::new(name).unwrap();
        // SAFETY: as above; the name is a C string that outlives the call.
        assert_eq!(unsafe { (self.set_limit)(name.as_ptr(), value) }, 0, "no knob {name:?}");
    }

    /// There are so many devices at least, from now on.
    pub fn have_devices(&self, count: usize) {
        static MOST: Mutex<usize> = Mutex::new(1);
        let mut most = MOST.lock().unwrap();
        *most = count.max(*most);
        self.set_limit("devices", i64::try_from(*most).unwrap());
    }

    /// What has been counted.
    pub fn counters(&self) -> Counters {
        let mut now = Counters::default();
        // SAFETY: as above; `Counters` has the layout of bed::Counters, nine 64-bit words in this order.
        unsafe { (self.counters)(&raw mut now) }
        now
    }

    /// Starts counting again.
    pub fn reset_counters(&self) {
        // SAFETY: as above; it stores atomics.
        unsafe { (self.reset_counters)() }
    }

    /// How often the kernel of this name has run. There must be one.
    pub fn kernel_launches(&self, kernel: &str) -> u64 {
        let kernel = CString::new(kernel).unwrap();
        // SAFETY: as above; the name is a C string that outlives the call.
        unsafe { (self.kernel_launches)(kernel.as_ptr()) }
    }

    /// The size of the kernel's one parameter, 0 if there is no such kernel.
    pub fn argument_bytes(&self, kernel: &str) -> u64 {
        let kernel = CString::new(kernel).unwrap();
        // SAFETY: as above; the name is a C string that outlives the call.
        unsafe { (self.argument_bytes)(kernel.as_ptr()) }
    }
}

/// From now on, every region of the engine's memory is an allocation of its own, between pages that nothing may touch: what does ends
/// the process and is told, with the region's name.
#[cfg(feature = "lab")]
pub fn guard_regions() {
    let bed = load().expect("a bed guards memory");
    bed.set_limit("guard", 1);
    farpoint::lab::keep_regions_apart(|name, address| {
        let name = CString::new(name).unwrap();
        let name_allocation = load().expect("a bed guards memory").name_allocation;
        // SAFETY: the bed's function of this name and type (tests/bed/guard.cpp); it copies the name.
        unsafe { name_allocation(address, name.as_ptr()) }
    });
}

/// The bed, built if need be and loaded. None where a real driver is to be tested (unless FARPOINT_BED is 1) and where
/// there is no C++ compiler.
pub fn load() -> Option<&'static Bed> {
    static BED: OnceLock<Option<Bed>> = OnceLock::new();
    BED.get_or_init(find).as_ref()
}

fn find() -> Option<Bed> {
    match driver() {
        Driver::Bed(library, directory) => return Some(bind(library, directory)),
        Driver::Real if std::env::var_os("FARPOINT_BED").is_none_or(|v| v != "1") => return None,
        Driver::Real | Driver::None => {}
    }
    let directory = build("plain", &[])?;
    let library = open(&directory.join("libcuda.so"));
    assert!(!library.is_null(), "{} does not load", directory.display());
    Some(bind(library, directory))
}

/// Whether there is a CUDA device to test on: the bed, or a real GPU. Where there is none the tests of it say so and are
/// skipped; with FARPOINT_REQUIRE_CUDA=1 they fail.
pub fn has_cuda() -> bool {
    static TRIED: OnceLock<Result<(), String>> = OnceLock::new();
    let tried = TRIED.get_or_init(|| {
        load();
        let pool = farpoint::Pool::new(&[0.0f32, 1.0], 1).unwrap();
        let options = farpoint::Options { device: farpoint::Device::Cuda(0), ..Default::default() };
        farpoint::select(&pool, 1, &options).map(drop).map_err(|error| error.to_string())
    });
    let Err(reason) = tried else { return true };
    assert!(std::env::var_os("FARPOINT_REQUIRE_CUDA").is_none_or(|v| v != "1"), "{reason}");
    eprintln!("skipped: {reason}");
    false
}

/// Whether there are so many devices to test on; as [`has_cuda`]. The bed has as many as are asked for.
pub fn has_gpus(count: usize) -> bool {
    if count == 0 {
        return true;
    }
    if !has_cuda() {
        return false;
    }
    let Some(bed) = load() else {
        let device = farpoint::Device::Cuda(count - 1);
        let pool = farpoint::Pool::new(&[0.0f32, 1.0], 1).unwrap();
        let options = farpoint::Options { device, ..Default::default() };
        let there = farpoint::select(&pool, 1, &options);
        return there.inspect_err(|error| eprintln!("skipped: {error}")).is_ok();
    };
    bed.have_devices(count);
    true
}

/// Builds a bed under target/tmp/bed. None without a C++ compiler; one that does not compile is a failure, and so are kernels that
/// share other numbers or structs with the host than Rust was built with.
pub fn build(name: &str, arguments: &[&OsStr]) -> Option<PathBuf> {
    for folder in arguments.windows(2).filter(|pair| pair[0] == "--kernels").map(|pair| pair[1]) {
        let differ = agreement::differences(&agreement::sources(Path::new(folder)));
        assert!(
            differ.is_empty(),
            "these kernels are not those that Rust was built with: {differ:?}"
        );
    }
    const NO_COMPILER: i32 = 3;
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bed").join(name);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bed/build");
    let built = Command::new("bash").arg(script).arg(&out).args(arguments).output().ok()?;
    let said = String::from_utf8_lossy(&built.stderr);
    if built.status.code() == Some(NO_COMPILER) {
        eprintln!("without the CUDA test bed: {}", said.trim());
        return None;
    }
    assert!(built.status.success(), "tests/bed/build:\n{said}");
    Some(out)
}

/// This program, to run the ignored test `name` of it over the bed in `directory`.
pub fn test_over(directory: &Path, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture"]).env("LD_LIBRARY_PATH", directory);
    preload_sanitizer(&mut command, directory);
    command
}

/// A program that was built without the address sanitizer must have it before anything else, if the bed wants it.
pub fn preload_sanitizer(command: &mut Command, directory: &Path) {
    command.env("ASAN_OPTIONS", "detect_leaks=0");
    let library = std::fs::read(directory.join("libcuda.so")).unwrap();
    if library.windows(11).any(|bytes| bytes == b"__asan_init") {
        let name = Command::new("g++").arg("-print-file-name=libasan.so").output().unwrap().stdout;
        command.env("LD_PRELOAD", String::from_utf8(name).unwrap().trim());
    }
}

enum Driver {
    Real,
    Bed(*mut c_void, PathBuf),
    None,
}

/// What a program started here would find: a child process finds the bed through its LD_LIBRARY_PATH.
fn driver() -> Driver {
    let library = open(Path::new("libcuda.so.1"));
    if library.is_null() {
        return Driver::None;
    }
    let own = symbol(library, c"bed_set_seed");
    if !own.is_null() {
        return Driver::Bed(library, file_of(own).parent().unwrap().to_owned());
    }
    if symbol(library, c"cuInit").is_null() {
        return Driver::None;
    }
    // SAFETY: every libcuda's cuInit takes one unsigned and answers a CUresult.
    let answer = unsafe { function::<unsafe extern "C" fn(u32) -> c_int>(library, c"cuInit")(0) };
    if answer == 0 { Driver::Real } else { Driver::None }
}

/// Kept open for ever, and global: the engine's own dlopen of `libcuda.so` then gives this library, by its soname.
fn open(path: &Path) -> *mut c_void {
    let path = CString::new(path.as_os_str().as_encoded_bytes()).unwrap();
    // SAFETY: a C string that outlives the call; the initializers of a libcuda only fill their own tables.
    unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) }
}

fn symbol(library: *mut c_void, name: &CStr) -> *mut c_void {
    // SAFETY: the handle is one that `open` gave and nobody closes.
    unsafe { libc::dlsym(library, name.as_ptr()) }
}

fn file_of(symbol: *mut c_void) -> PathBuf {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `symbol` is an address in a loaded library, so dladdr fills `info` with a file name that lives as long as
    // that library: for ever.
    let name = unsafe {
        assert_ne!(libc::dladdr(symbol, info.as_mut_ptr()), 0);
        CStr::from_ptr(info.assume_init().dli_fname)
    };
    PathBuf::from(name.to_str().unwrap())
}

fn bind(library: *mut c_void, directory: PathBuf) -> Bed {
    // SAFETY: each is the function of that name in tests/bed/knobs.cpp, of the type of its field.
    unsafe {
        Bed {
            directory,
            set_seed: function(library, c"bed_set_seed"),
            set_limit: function(library, c"bed_set_limit"),
            counters: function(library, c"bed_counters"),
            reset_counters: function(library, c"bed_reset_counters"),
            kernel_launches: function(library, c"bed_kernel_launches"),
            argument_bytes: function(library, c"bed_argument_bytes"),
            name_allocation: function(library, c"bed_name_allocation"),
        }
    }
}

/// # Safety
/// `F` is the type of the library's function of this name.
unsafe fn function<F: Copy>(library: *mut c_void, name: &CStr) -> F {
    let found = symbol(library, name);
    assert!(!found.is_null(), "no function {name:?}");
    assert_eq!(size_of::<F>(), size_of_val(&found));
    // SAFETY: by the caller, `found` is an `F`; it is not null, and the sizes were just compared.
    unsafe { std::mem::transmute_copy(&found) }
}
