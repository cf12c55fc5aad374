//! The program, run as a user runs it.

mod folder;

mod bounds;
mod certificates;
mod checks;
mod hostile;
mod ids;
#[cfg(unix)]
mod interrupts;
mod mistakes;
mod other_commands;
mod outputs;
mod plan;
#[cfg(unix)]
mod ray;
mod robust;
mod selections;
#[cfg(unix)]
mod skip_bad;
mod storage;
mod synth;
