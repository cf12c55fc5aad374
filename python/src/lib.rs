//! The extension module `farpoint._native`: what the package needs of the engine, and no more. Arguments come checked from the package;
//! here they are converted, the engine is called with the interpreter's lock released, and answers are converted back.
//!
//! | file | what it has |
//! | --- | --- |
//! | `select`, `batch`, `robust`, `verify`, `coverage`, `report`, `plan`, `file`, `shards` | a function of the package each |
//! | `lists`, `ids` | lists of rows, of weights and of ids in files; the ids of a pool in files |
//! | `program` | the whole program, for `python -m farpoint` |
//! | `terms`, `source`, `on_host` | the options and the pool of a call; work of the CPU on both |
//! | `view`, `lent`, `numpy_array`, `arrow`, `dlpack`, `cuda_array` | arrays of other libraries, by each way in which they lend memory |
//! | `bytes`, `device` | their memory, on the host and on a GPU |
//! | `watch`, `errors` | the engine beside the interpreter: signals, progress, exceptions |

mod arrow;
mod batch;
mod bytes;
mod coverage;
mod cuda_array;
mod device;
mod dlpack;
mod errors;
mod file;
mod ids;
mod lent;
mod lists;
mod numpy_array;
mod on_host;
mod plan;
mod program;
mod report;
mod robust;
mod select;
mod shards;
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
    use super::coverage::{bound, coverage};
    #[pymodule_export]
    use super::file::{FilePool, open, open_part, outline};
    #[pymodule_export]
    use super::ids::{ids_of_rows, read_ids, rows_of_ids};
    #[pymodule_export]
    use super::lists::{read_rows, read_weights};
    #[pymodule_export]
    use super::plan::plan;
    #[pymodule_export]
    use super::program::{budget, program, program_on_cluster};
    #[pymodule_export]
    use super::report::report;
    #[pymodule_export]
    use super::robust::robust;
    #[pymodule_export]
    use super::select::{Counts, select};
    #[pymodule_export]
    use super::shards::{Shard, coordinate};
    #[pymodule_export]
    use super::verify::{verify, verify_certificate};

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "its name in Python")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
