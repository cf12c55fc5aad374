//! `farpoint select --ray`: the same command line, run by the Python package on a Ray cluster. The package runs this program, `cluster`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{command_line, exit};

use anyhow::{Result, bail};

/// Whoever calls another Python names it so.
const PYTHON: &str = "FARPOINT_PYTHON";

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "On a Ray cluster")]
pub struct Ray {
    /// Select on a Ray cluster, whose nodes read the files: its host and port, or without them the cluster of RAY_ADDRESS, this
    /// machine's, or a new one. Needs the Python package, farpoint[ray]; FARPOINT_PYTHON names the interpreter that has it, if that is
    /// not python3
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, value_parser = address)]
    ray: Option<Option<String>>,
    /// Parts of the pool, each held by one node [default: one a node]
    #[arg(long, requires = "ray", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub shards: Option<usize>,
    /// CPUs for each part [default: a node's, shared among its parts]
    #[arg(long, requires = "ray", value_name = "CPUS")]
    pub cpus_per_shard: Option<f64>,
    /// GPUs for each part [default: 0]
    #[arg(long, requires = "ray", value_name = "GPUS")]
    pub gpus_per_shard: Option<f64>,
    /// How long a part may be waited for [default: 600]
    #[arg(long, requires = "ray", value_name = "SECONDS")]
    pub timeout: Option<f64>,
    /// Keep the picks so far there, and go on from them if there are any
    #[arg(long, requires = "ray", value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
}

impl Ray {
    pub fn is_asked(&self) -> bool {
        self.ray.is_some()
    }

    /// Host and port of the cluster; none for whichever there is.
    pub fn address(&self) -> Option<&str> {
        self.ray.as_ref()?.as_deref()
    }
}

/// A pool that stands after `--ray` would be taken for an address.
fn address(word: &str) -> Result<String, String> {
    if is_address(word) {
        return Ok(word.into());
    }
    let path = Path::new(word);
    if path.exists() {
        let kind = if path.is_dir() { "folder" } else { "file" };
        return Err(format!("it is a {kind}, not an address: name the pool before --ray"));
    }
    Err("an address is a host and a port, such as 10.0.0.1:6379; a pool is named before --ray"
        .into())
}

/// A host and a port, or one of the words that Ray has for a cluster.
fn is_address(word: &str) -> bool {
    let word = word.strip_prefix("ray://").unwrap_or(word);
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    let is_host = |host: &str| !host.is_empty() && !host.contains('/');
    matches!(word, "auto" | "local")
        || word.rsplit_once(':').is_some_and(|(host, port)| is_host(host) && is_port(port))
}

/// Hands this process's command line to the package, whose exit codes are the same.
///
/// # Errors
/// No Python, or one without the package.
pub fn run() -> Result<exit::Code> {
    let python = std::env::var_os(PYTHON).unwrap_or_else(|| "python3".into());
    check(&python)?;
    Err(become_it(command(&python).args(command_line::words().skip(1))).into())
}

/// The process goes on as the package's, with its signals. Why it cannot, otherwise.
#[cfg(unix)]
fn become_it(command: &mut Command) -> std::io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

#[cfg(not(unix))]
fn become_it(_: &mut Command) -> std::io::Error {
    std::io::ErrorKind::Unsupported.into()
}

fn command(python: &OsString) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "farpoint.ray"]);
    command
}

fn check(python: &OsString) -> Result<()> {
    let version = command(python).arg("--version").output();
    match version {
        Ok(told) if told.status.success() => Ok(()),
        Ok(_) => bail!(
            "{}: has no farpoint for Ray: pip install 'farpoint[ray]' there, or name another interpreter by {PYTHON}",
            python.display()
        ),
        Err(error) => bail!("{}: {error}: name a Python interpreter by {PYTHON}", python.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for word in
            ["head:6379", "10.0.0.1:6379", "[::1]:6379", "ray://head:10001", "auto", "local"]
        {
            assert_eq!(address(word).as_deref(), Ok(word));
        }
        for word in ["s3://b/k.npy", "head", "head:", ":6379", "s3://b:80/k.npy", "pool:npy"] {
            assert!(address(word).unwrap_err().contains("such as 10.0.0.1:6379"), "{word}");
        }
        assert!(address("src").unwrap_err().starts_with("it is a folder"));
    }
}
