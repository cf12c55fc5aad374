//! The program, run on what servers hold.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{KEY, SECRET};

/// The program's environment is empty but for these: no credentials of the machine or its user, no proxy.
pub struct Program {
    variables: Vec<(String, String)>,
    folder: tempfile::TempDir,
}

pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    pub seconds: f64,
}

impl Run {
    fn of(output: Output, since: Instant) -> Run {
        Run {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            seconds: since.elapsed().as_secs_f64(),
        }
    }

    /// It failed with one line, which begins with `name` and contains `told`.
    #[track_caller]
    pub fn fails(&self, name: &str, told: &str) {
        assert_eq!((self.code, &*self.out), (Some(1), ""), "{}", self.err);
        let line = self.err.trim_end();
        assert!(!line.contains('\n'), "{line}");
        assert!(line.starts_with(&format!("error: {name}: ")), "{line}");
        assert_eq!(line.matches(told).count(), 1, "{line}");
    }
}

impl Program {
    /// With the server at `port` as the S3 endpoint, and its keys.
    pub fn at(port: u16) -> Program {
        let program = Program { variables: Vec::new(), folder: tempfile::tempdir().unwrap() };
        program
            .with("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
            .with("AWS_ALLOW_HTTP", "true")
            .with("AWS_ACCESS_KEY_ID", KEY)
            .with("AWS_SECRET_ACCESS_KEY", SECRET)
    }

    /// With the files of profiles in its home, and no variable that names a server or has a key.
    pub fn at_home(credentials: &str, config: &str) -> Program {
        let program = Program { variables: Vec::new(), folder: tempfile::tempdir().unwrap() };
        let home = program.folder.path();
        std::fs::create_dir(home.join(".aws")).unwrap();
        std::fs::write(home.join(".aws/credentials"), credentials).unwrap();
        std::fs::write(home.join(".aws/config"), config).unwrap();
        let home = home.to_str().unwrap().to_string();
        program.with("HOME", home)
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Program {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farpoint"));
        command.current_dir(self.folder.path()).args(words.split_whitespace()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn run(&self, words: &str) -> Run {
        let since = Instant::now();
        Run::of(self.command(words).stdin(Stdio::null()).output().unwrap(), since)
    }

    /// The `.json` of a selection of 5 from `pool`.
    #[track_caller]
    pub fn picks(&self, pool: &str) -> Value {
        let run = self.run(&format!("select {pool} --budget 5 --quiet --output picks.json"));
        assert_eq!(run.code, Some(0), "{pool}: {}", run.err);
        let text = std::fs::read_to_string(self.folder.path().join("picks.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Picks and pool of `pool` are those of the files in `local`.
    #[track_caller]
    pub fn agree(&self, pool: &str, local: &Path) {
        let (found, expected) = (self.picks(pool), self.picks(&local.display().to_string()));
        for part in ["centers", "radii"] {
            assert!(found[part].is_array(), "{found}");
            assert_eq!(found[part], expected[part], "{pool}");
        }
        assert!(found["pool"]["hash"].is_string(), "{found}");
        assert_eq!(found["pool"]["hash"], expected["pool"]["hash"], "{pool}");
    }

    /// Whether a run ends within `seconds` of being told to by `signal`, which it is after a moment.
    #[cfg(unix)]
    pub fn ends_when_told(&self, words: &str, signal: &str, seconds: u64) -> Duration {
        let mut process =
            self.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        assert!(process.try_wait().unwrap().is_none(), "it ended before");
        let since = Instant::now();
        let id = process.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        while process.try_wait().unwrap().is_none() {
            assert!(since.elapsed() < Duration::from_secs(seconds), "it goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
        since.elapsed()
    }
}
