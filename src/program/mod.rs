//! The `farpoint` program: reads files, calls the library, writes files. What its options mean is in their help. It is a part of the
//! library so that the Python package has it, too: `python -m farpoint`.
//!
//! | file | what it has |
//! | --- | --- |
//! | `select`, `ray`, `cluster`, `robust/`, `verify`, `bound/`, `plan`, `bench/`, `synth`, `manual` | the commands |
//! | `command_line` | what was typed: parsed, and written again |
//! | `terms`, `budget`, `meant`, `column_names`, `inputs`, `row_lists` | the options that decide an answer; the files that they name, read |
//! | `outputs`, `target`, `npy`, `columns` | the files of an answer, written whole or not at all |
//! | `listed`, `listing` | rows that a file lists, by number or id; picks with their ids and files |
//! | `record`, `picks`, `certificate` | the `.json` of a selection; picks of an earlier run; a certificate's file |
//! | `summary`, `progress`, `terminal` | what a person sees |
//! | `exit`, `interrupt`, `machine` | exit codes and errors; signals; facts about the machine |

mod bench;
mod bound;
mod budget;
mod certificate;
mod cluster;
mod column_names;
mod columns;
mod command_line;
mod exit;
mod inputs;
mod interrupt;
mod listed;
mod listing;
mod machine;
mod manual;
mod meant;
mod npy;
mod outputs;
mod picks;
mod plan;
mod progress;
mod ray;
mod record;
mod robust;
mod row_lists;
mod select;
mod source;
mod storage;
mod summary;
mod synth;
mod target;
mod terminal;
mod terms;
mod verify;

pub use budget::rows_of as budget_of;

use std::ffi::OsString;
use std::panic;

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
    Plan(Box<plan::Arguments>),
    Bench(bench::Arguments),
    Synth(synth::Arguments),
    Completions(manual::Completions),
    Man(manual::Man),
}

pub use cluster::{Answer, Asked, Cluster, Ended};

/// Runs the program with the `words` of its command line, its own name first. What the process is to end with.
pub fn main(words: impl IntoIterator<Item = OsString>) -> exit::Code {
    tell_no_panic_twice();
    command_line::remember(words);
    match command_line::parse(command_line::words()) {
        Ok(program) => run(program.command).unwrap_or_else(|error| exit::failed(&error)),
        Err(error) => exit::told(&error),
    }
}

/// As [`main`], and `select` runs on `cluster`, whether `--ray` is among the words or not.
pub fn main_on(words: impl IntoIterator<Item = OsString>, cluster: &dyn Cluster) -> exit::Code {
    tell_no_panic_twice();
    command_line::remember(cluster::with_ray(words.into_iter().collect()));
    let ended = match command_line::parse_on_cluster(command_line::words()) {
        Ok((Program { command: Command::Select(arguments) }, pools)) => {
            cluster::run(&arguments, &pools, cluster)
        }
        Ok((program, _)) => run(program.command),
        Err(error) => return exit::told(&error),
    };
    ended.unwrap_or_else(|error| exit::failed(&error))
}

/// A panic of foreign code, a decoder at a damaged file, comes back as an error and is told as one.
fn tell_no_panic_twice() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        if !crate::is_in_foreign_code() {
            tell(what);
        }
    }));
}

fn run(command: Command) -> anyhow::Result<exit::Code> {
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
