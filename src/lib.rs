#![doc = include_str!(concat!(env!("OUT_DIR"), "/README.md"))]

mod backend;
mod bandwidth;
#[cfg(feature = "cuda")]
mod batch;
mod bound;
mod certificate;
mod coverage;
#[cfg(feature = "cuda")]
pub mod cuda;
mod distance;
mod engine;
mod error;
mod first;
mod float_environment;
mod foreign;
mod gpus;
mod greedy;
mod ground;
#[cfg(all(doc, not(doctest)))]
pub mod guide;
mod known;
#[cfg(feature = "lab")]
pub mod lab;
mod limits;
mod mean;
pub mod memory;
mod names;
mod options;
mod plan;
pub mod pool;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[allow(rustdoc::invalid_html_tags, reason = "help on a terminal, where <name> is what to fill in")]
pub mod program;
mod question;
mod raw;
pub mod report;
mod robust;
mod rows;
mod select;
mod selection;
pub mod shards;
mod simd;
mod statistics;
pub mod synth;
mod threads;
mod values;
mod verify;

pub use bound::{Bound, BoundInputs, bound};
pub use certificate::{Certificate, Dual, LowerBy};
pub use coverage::{Coverage, coverage};
pub use distance::{distance_f32 as distance, distance_f64};
pub use error::{Error, Result};
#[doc(hidden)]
pub use foreign::is_in_foreign_code;
pub use gpus::Gpus;
pub use names::{Device, First, Metric, UnknownName};
pub use options::Options;
pub use plan::{GpuShare, Plan, PlanOptions, RobustPlan, Way, WayName, gpu_shares, plan};
pub use pool::{Dtype, Element, Pool};
pub use robust::{
    Candidates, Decision, End, Method, Printed, PrintedEnd, RobustOptions, RobustProgress,
    RobustSelection, SearchStatistics, robust, robust_as_printed, robust_with,
};
pub use select::{select, select_with};
pub use selection::{Progress, Selection};
pub use statistics::{Beyond, Statistics};
pub use verify::{
    CertificateVerdict, Cover, Interval, Verdict, verify, verify_certificate,
    verify_certificate_with, verify_with,
};
