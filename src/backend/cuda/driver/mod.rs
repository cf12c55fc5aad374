//! The driver: memory, copies, launches, maps of matrices, and what its errors mean. It knows of no selection and imports nothing above it. Nearly
//! all unsafe code of the backend is here; the rest is the promises of callers in `lent/`.

pub mod context;
pub mod copies;
pub mod errors;
pub mod launch;
pub mod launched;
pub mod memory;
pub mod pointer;
pub mod tensor_map;

pub use pointer::Pointer;
