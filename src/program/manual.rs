//! `farpoint completions` and `farpoint man`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man as Page;

use crate::program::Program;
use crate::program::exit;
use crate::program::terminal::print;

/// Print a script that completes farpoint's options in a shell
#[derive(Debug, clap::Args)]
pub struct Completions {
    shell: Shell,
}

/// Print the manual page, or write one a command into a folder
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Folder for farpoint.1, farpoint-select.1 and so on
    folder: Option<PathBuf>,
}

pub fn completions(arguments: &Completions) -> Result<exit::Code> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Program::command(), "farpoint", &mut script);
    print(|out| Ok(out.write_all(&script)?))?;
    Ok(exit::DONE)
}

pub fn man(arguments: &Man) -> Result<exit::Code> {
    match &arguments.folder {
        Some(folder) => clap_mangen::generate_to(Program::command(), folder)
            .with_context(|| folder.display().to_string())?,
        None => print(|out| Ok(Page::new(Program::command()).render(out)?))?,
    }
    Ok(exit::DONE)
}
