//! Whole selections in one launch, for pools no larger than a frontier: one, or many at a time.
//!
//! | file | what it has |
//! | --- | --- |
//! | `at_once` | one pool's selection, as a backend |
//! | `run`, `layout` | a launch, ready to be queued; all its device memory |
//! | `spread` | how pools are spread over a device's blocks |
//! | `values` | bad values that a launch found |

mod at_once;
mod layout;
mod run;
mod spread;
mod values;

pub(crate) use at_once::{AtOnce, Size};
pub use layout::Layout;
pub use run::{Outcome, Run};
pub use values::check_values;
