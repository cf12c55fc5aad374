//! The `farpoint` program: reads files, calls the library, writes files. What its options mean is in their help.
//!
//! | file | what it has |
//! | --- | --- |
//! | `select`, `robust/`, `verify`, `bound/`, `plan`, `bench/`, `synth`, `manual` | the commands |
//! | `terms`, `column_names`, `inputs` | the options that decide an answer; the files that they name, read |
//! | `outputs`, `target`, `npy`, `columns` | the files of an answer, written whole or not at all |
//! | `record`, `picks`, `certificate` | the `.json` of a selection; picks of an earlier run; a certificate's file |
//! | `summary`, `progress`, `terminal` | what a person sees |
//! | `exit`, `interrupt`, `machine` | exit codes and errors; signals; facts about the machine |

mod bench;
mod bound;
mod certificate;
mod column_names;
mod columns;
mod exit;
mod inputs;
mod interrupt;
mod machine;
mod manual;
mod npy;
mod outputs;
mod picks;
mod plan;
mod progress;
mod record;
mod robust;
mod select;
mod source;
mod storage;
mod summary;
mod synth;
mod target;
mod terminal;
mod terms;
mod verify;

use std::panic;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exact core-set selection: from a pool of embeddings, the rows that leave no row far from a pick.
///
/// Greedy k-center (farthest first): the same rows in the same order, and the same radii to the last bit, on every
/// machine and for any number of threads.
///
/// Exit codes: 0 done; 1 the input or the machine failed; 2 the command line cannot be parsed or contradicts itself;
/// 3 verify says no; 130 interrupted, the picks made so far written.
#[derive(Parser)]
#[command(name = "farpoint", version)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Select(Box<select::Arguments>),
    Verify(Box<verify::Arguments>),
    Robust(Box<robust::Arguments>),
    Bound(Box<bound::Arguments>),
    Plan(plan::Arguments),
    Bench(bench::Arguments),
    Synth(synth::Arguments),
    Completions(manual::Completions),
    Man(manual::Man),
}

fn main() -> ExitCode {
    tell_no_panic_twice();
    run(Program::parse().command).unwrap_or_else(|error| exit::failed(&error))
}

/// A panic of foreign code, a decoder at a damaged file, comes back as an error and is told as one.
fn tell_no_panic_twice() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        if !farpoint::is_in_foreign_code() {
            tell(what);
        }
    }));
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Select(arguments) => select::run(&arguments),
        Command::Verify(arguments) => verify::run(*arguments),
        Command::Robust(arguments) => robust::run(*arguments),
        Command::Bound(arguments) => bound::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Synth(arguments) => synth::run(&arguments),
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Man(arguments) => manual::man(&arguments),
    }
}
