//! The extension module `farpoint._native`: what the package needs of the engine, and no more. Arguments come checked from the package;
//! here they are converted, the engine is called with the interpreter's lock released, and answers are converted back.
//!
//! | file | what it has |
//! | --- | --- |
//! | `select`, `batch`, `robust`, `verify`, `plan`, `file` | a function of the package each |
//! | `terms`, `source` | the options and the pool of a call |
//! | `view`, `lent`, `numpy_array`, `dlpack`, `cuda_array` | arrays of other libraries, by each way in which they lend memory |
//! | `bytes`, `device` | their memory, on the host and on a GPU |
//! | `watch`, `errors` | the engine beside the interpreter: signals, progress, exceptions |

mod batch;
mod bytes;
mod cuda_array;
mod device;
mod dlpack;
mod errors;
mod file;
mod lent;
mod numpy_array;
mod plan;
mod robust;
mod select;
mod source;
mod terms;
mod verify;
mod view;
mod watch;

use pyo3::prelude::*;

/// Farpoint's engine.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::batch::{Batch, select_many};
    #[pymodule_export]
    use super::file::{FilePool, open};
    #[pymodule_export]
    use super::plan::plan;
    #[pymodule_export]
    use super::robust::robust;
    #[pymodule_export]
    use super::select::{Counts, select};
    #[pymodule_export]
    use super::verify::{verify, verify_certificate};

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "its name in Python")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
