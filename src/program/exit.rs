//! How the program ends: its exit codes, and errors told once.

use std::fmt;
use std::io;

use crate::program::terminal::say;

/// What a process ends with.
pub type Code = u8;

pub const DONE: Code = 0;
/// The input or the machine failed.
const FAILED: Code = 1;
/// The command line contradicts itself; also what clap ends with when it cannot parse one.
const USAGE: Code = 2;
/// A check was made and the answer is no.
pub const REFUSED: Code = 3;
/// Stopped from outside. The picks made so far are written, if there are some.
pub const INTERRUPTED: Code = 130;

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
pub fn failed(error: &anyhow::Error) -> Code {
    if is_broken_pipe(error) {
        return DONE;
    }
    if let Some(crate::Error::Interrupted) = error.downcast_ref() {
        say(format_args!("interrupted before there was an answer"));
        return INTERRUPTED;
    }
    say(format_args!("error: {}", in_one_line(error)));
    let usage =
        error.is::<Usage>() || matches!(error.downcast_ref(), Some(crate::Error::BudgetZero));
    if usage { USAGE } else { FAILED }
}

/// Tell what clap has to say, help and version too, and give the exit code.
pub fn told(error: &clap::Error) -> Code {
    // If nobody listens there is nobody to tell.
    let _ = error.print();
    Code::try_from(error.exit_code()).unwrap_or(USAGE)
}

/// The error and its causes; not those that the error before says already.
fn in_one_line(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |line, cause| {
        match (line.is_empty(), line.ends_with(&cause)) {
            (true, _) => cause,
            (_, true) => line,
            _ => format!("{line}: {cause}"),
        }
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
