//! What several programs of tests share: the test bed, hostile pools, the oracle, and how a property is stamped onto every device.

#![allow(dead_code, unused_imports, unused_macros, reason = "every test program uses a part of it")]

#[cfg(target_os = "linux")]
#[path = "../bed/mod.rs"]
pub mod bed;
pub mod drawn;
#[cfg(feature = "lab")]
pub mod filter;
pub mod pools;
pub mod reference;

#[cfg(target_os = "linux")]
pub use bed::{has_cuda, has_gpus};
#[cfg(not(target_os = "linux"))]
pub fn has_cuda() -> bool {
    false
}
#[cfg(not(target_os = "linux"))]
pub fn has_gpus(count: usize) -> bool {
    count == 0
}

/// A module for each device, in it a test for each property: a function of the module that stamps, over what stands beside the device.
macro_rules! stamp {
    ($($device:ident: $filter:expr;)*; $properties:tt) => {$( stamp!(@ $device, $filter, $properties); )*};
    (@ $device:ident, $filter:expr, ($($property:ident)*)) => {
        mod $device {
            use super::*;
            $(#[test] fn $property() { super::$property($filter) })*
        }
    };
}
pub(crate) use stamp;
