//! The `farpoint` program, which is a part of the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(farpoint::program::main(std::env::args_os()))
}
