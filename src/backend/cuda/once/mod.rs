//! Whole selections in one launch, for pools no larger than a frontier: one, or many at a time.

mod at_once;
mod run;
mod spread;
mod values;

pub(crate) use at_once::{AtOnce, Size};
pub use run::{Layout, Outcome, Run};
pub use values::check_values;
