//! The command line: parsed, and written again for whoever is to type it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, FromArgMatches};

use crate::program::Program;

/// The words that the program was called with last.
static WORDS: Mutex<Vec<OsString>> = Mutex::new(Vec::new());

/// Keep the words that the program was called with.
pub fn remember(words: impl IntoIterator<Item = OsString>) {
    *kept() = words.into_iter().collect();
}

/// The words that the program was called with, its own name first.
pub fn words() -> impl Iterator<Item = OsString> {
    kept().clone().into_iter()
}

fn kept() -> MutexGuard<'static, Vec<OsString>> {
    WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The command as one line, for people.
pub fn line() -> String {
    words().skip(1).fold("farpoint".to_string(), |line, word| line + " " + &word.to_string_lossy())
}

/// The program's commands. A number below 0 is a value of the option before it, which then says what it must be.
fn command() -> Command {
    Program::command().mut_subcommands(|command| {
        command.mut_args(|arg| {
            let is_option = !arg.is_positional() && arg.get_action().takes_values();
            if is_option { arg.allow_negative_numbers(true) } else { arg }
        })
    })
}

/// What was asked for on a cluster, and the pool's names: there several files may be one pool, in their order.
///
/// # Errors
/// As [`parse`].
pub fn parse_on_cluster(
    words: impl Iterator<Item = OsString>,
) -> Result<(Program, Vec<PathBuf>), clap::Error> {
    let several = |pool: Arg| pool.num_args(1..);
    let mut command = command().mut_subcommand("select", |select| select.mut_arg("pool", several));
    let matches = command.try_get_matches_from_mut(words)?;
    let select = matches.subcommand_matches("select");
    let pools = select.and_then(|select| select.get_many::<PathBuf>("pool"));
    let pools = pools.into_iter().flatten().cloned().collect();
    Ok((Program::from_arg_matches(&matches)?, pools))
}

/// What was asked for.
///
/// # Errors
/// Clap's; help and version are errors of that kind, too.
pub fn parse(words: impl Iterator<Item = OsString>) -> Result<Program, clap::Error> {
    let words: Vec<OsString> = words.collect();
    let mut command = command();
    let parsed = command
        .try_get_matches_from_mut(&words)
        .and_then(|matches| Program::from_arg_matches(&matches));
    parsed.map_err(|error| match several_files(&error, &words) {
        Some(message) => command.error(ErrorKind::TooManyValues, message),
        None => error,
    })
}

/// What to do where a file stands that no argument is left for: a shell has put many in the place of a pattern.
fn several_files(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return None };
    if error.kind() != ErrorKind::UnknownArgument || word.starts_with('-') {
        return None;
    }
    let exists = Path::new(word).exists().then_some(&**word);
    let word = second_of_a_kind(words).or(exists)?;
    let pattern = pattern(Path::new(word), words).unwrap_or("'shards/*.npy'".into());
    Some(format!(
        "several files are one pool as a folder, or as a pattern in quotes: {pattern}, and not as '{word}' beside another"
    ))
}

/// The first file among the words that has the extension of one before it, and lies beside it.
fn second_of_a_kind(words: &[OsString]) -> Option<&str> {
    let files: Vec<&Path> =
        words.iter().skip(1).map(Path::new).filter(|word| word.is_file()).collect();
    let second = files.iter().enumerate().find(|(at, file)| {
        let kind = |file: &Path| {
            (file.parent().map(Path::to_path_buf), file.extension().map(OsStr::to_os_string))
        };
        file.extension().is_some() && files[..*at].iter().any(|other| kind(other) == kind(file))
    });
    second.and_then(|(_, file)| file.to_str())
}

/// The pattern that a shell may have read: of all files among the words with the extension of `file`, if they share their folder.
fn pattern(file: &Path, words: &[OsString]) -> Option<String> {
    let extension = file.extension()?;
    let words = words.iter().skip(1).map(Path::new);
    let mut files = words.filter(|word| word.extension() == Some(extension) && word.is_file());
    let folder = file.parent()?;
    let pattern = folder.join(format!("*.{}", extension.to_str()?));
    files.all(|other| other.parent() == Some(folder)).then(|| quoted(pattern.as_os_str()))
}

/// The words of a command with `--resume picks` in the place of any other, as a shell takes them.
pub fn resuming(words: impl Iterator<Item = OsString>, picks: &Path) -> String {
    let mut kept = vec!["farpoint".to_string()];
    let mut words = words.skip(1);
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--resume") => drop(words.next()),
            Some(word) if word.starts_with("--resume=") => {}
            _ => kept.push(quoted(&word)),
        }
    }
    kept.extend(["--resume".to_string(), quoted(picks.as_os_str())]);
    kept.join(" ")
}

/// One word of a shell's command line.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=,+@%".contains(letter);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.into_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resumed(words: &[&str]) -> String {
        resuming(words.iter().map(OsString::from), Path::new("the picks.txt"))
    }

    #[test]
    fn a_command_that_goes_on_has_one_resume() {
        let on = "farpoint select 'a b/*.npy' -k 10% --resume 'the picks.txt'";
        assert_eq!(resumed(&["/usr/bin/farpoint", "select", "a b/*.npy", "-k", "10%"]), on);
        assert_eq!(resumed(&["x", "select", "a b/*.npy", "--resume", "old", "-k", "10%"]), on);
        assert_eq!(resumed(&["x", "select", "--resume=old.txt", "a b/*.npy", "-k", "10%"]), on);
        assert_eq!(resumed(&["x", "it's", ""]), r"farpoint 'it'\''s' '' --resume 'the picks.txt'");
    }

    #[test]
    fn no_command_takes_a_number_below_zero_for_an_option() {
        command().debug_assert();
        for words in [
            "select pool.npy --budget -5",
            "select pool.npy -k -5",
            "select pool.npy --stop-radius -1 -k 2",
            "plan pool.npy --threads -1 -k 3",
            "verify pool.npy picks.txt --seed -2",
            "robust pool.npy -k 3 --outliers -1",
        ] {
            let words = words.split(' ').map(OsString::from);
            let error = parse(std::iter::once("farpoint".into()).chain(words)).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::ValueValidation, "{error}");
        }
    }
}
