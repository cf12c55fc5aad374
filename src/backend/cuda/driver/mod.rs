//! The driver. It knows of no selection and imports nothing above it. Nearly all unsafe code of the backend is here; the
//! rest rests on the promises of callers in `lent/`.
//!
//! | file | what it has |
//! | --- | --- |
//! | `context` | whether there is a driver, and settings of a context |
//! | `memory`, `pointer` | one allocation and the regions laid out in it; typed addresses |
//! | `copies` | pinned memory, and copies between it and a device |
//! | `launch`, `launched` | kernels with the type of their parameter, and their launches; the kernel launched last |
//! | `tensor_map` | maps of matrices, from which kernels copy boxes |
//! | `errors` | the meaning of the driver's errors |

pub mod context;
pub mod copies;
pub mod errors;
pub mod launch;
pub mod launched;
pub mod memory;
pub mod pointer;
pub mod tensor_map;

pub use pointer::Pointer;
