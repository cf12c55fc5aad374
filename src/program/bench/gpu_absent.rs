//! In place of `gpu/`, in a build without CUDA.

use anyhow::{Result, bail};

use crate::program::exit;

use super::Arguments;

pub fn run(_: &Arguments, _: usize) -> Result<exit::Code> {
    bail!("this build of farpoint has no CUDA: build it with the feature cuda")
}
