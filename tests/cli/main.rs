//! The program, run as a user runs it.

mod folder;

mod bounds;
mod certificates;
mod checks;
mod hostile;
#[cfg(unix)]
mod interrupts;
mod mistakes;
mod other_commands;
mod outputs;
mod plan;
mod robust;
mod selections;
#[cfg(unix)]
mod storage;
mod synth;
