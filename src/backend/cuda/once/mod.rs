//! Whole selections in one launch, for pools no larger than a frontier: one, or many at a time.

mod at_once;
mod layout;
mod run;
mod spread;
mod values;

pub(crate) use at_once::{AtOnce, Size};
pub use layout::Layout;
pub use run::{Outcome, Run};
pub use values::check_values;
