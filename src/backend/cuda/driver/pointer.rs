//! Addresses on a device, typed.

use std::marker::PhantomData;

/// The address of values of `T` on a device: a piece of an [`super::memory::Arena`], or memory that a caller lent for a
/// run. It does not keep the memory: its maker does, as long as kernels may use it.
#[derive(Debug)]
#[repr(transparent)]
pub struct Pointer<T> {
    pub address: u64,
    of: PhantomData<T>,
}

impl<T> Clone for Pointer<T> {
    fn clone(&self) -> Pointer<T> {
        *self
    }
}

impl<T> Copy for Pointer<T> {}

impl<T> Pointer<T> {
    pub const NULL: Pointer<T> = Pointer::new(0);

    pub const fn new(address: u64) -> Pointer<T> {
        Pointer { address, of: PhantomData }
    }
}
