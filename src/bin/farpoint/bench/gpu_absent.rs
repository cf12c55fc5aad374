//! In place of `gpu/`, in a build without CUDA.

use std::process::ExitCode;

use anyhow::{Result, bail};

use super::Arguments;

pub fn run(_: &Arguments, _: usize) -> Result<ExitCode> {
    bail!("this build of farpoint has no CUDA: build it with the feature cuda")
}
