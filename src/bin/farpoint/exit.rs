//! How the program ends: its exit codes, and errors told once.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::terminal::say;

/// The input or the machine failed.
const FAILED: u8 = 1;
/// The command line contradicts itself; also what clap ends with when it cannot parse one.
const USAGE: u8 = 2;
/// A check was made and the answer is no.
pub const REFUSED: u8 = 3;
/// Stopped from outside. The picks made so far are written.
pub const INTERRUPTED: u8 = 130;

/// A command line that contradicts itself.
#[derive(Debug)]
pub struct Usage(pub String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// `Err` of a [`Usage`].
pub fn usage<T>(message: impl Into<String>) -> anyhow::Result<T> {
    Err(Usage(message.into()).into())
}

/// Tell the error and give the exit code it calls for. A reader that went away is no error: `farpoint select ... | head`.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    say(format_args!("error: {error:#}"));
    let usage =
        error.is::<Usage>() || matches!(error.downcast_ref(), Some(farpoint::Error::BudgetZero));
    ExitCode::from(if usage { USAGE } else { FAILED })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
