//! Where the rows of a pool are kept.

use std::path::PathBuf;

use crate::Metric;
use crate::memory::parse_size;
use crate::pool::OpenOptions;
use crate::program::meant::Meant;

/// Where the rows of a pool are kept.
#[derive(Debug, clap::Args)]
pub struct Storage {
    /// Memory that this program may take, such as 4GB or 512MiB. What control groups and the machine leave limits it in any case.
    /// A pool that does not fit with what a selection takes stays in its files
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub memory: Option<u64>,
    /// Folder for rows that must be fetched, decoded or converted and do not fit into memory: a file there that no name leads to, gone when the
    /// program ends. Without it such a pool is refused
    #[arg(long, value_name = "FOLDER")]
    pub scratch: Option<PathBuf>,
}

impl Storage {
    /// How to open a pool of which this is `meant`, for distances of this `metric`.
    pub fn options<'o>(&'o self, meant: &'o Meant, metric: Metric) -> OpenOptions<'o> {
        let (memory, scratch) = (self.memory, self.scratch.as_deref());
        OpenOptions { memory, scratch, ..meant.options(metric) }
    }
}
