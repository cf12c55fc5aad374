//! An S3 server over a folder, s3s-fs (`scripts/s3-server`), and an address between it and the program.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The keys that the server knows.
pub const KEY: &str = "farpoint";
pub const SECRET: &str = "of-the-tests";

/// A server whose folder has the bucket `pools`. It is killed in the end.
pub struct Server {
    process: Arc<Mutex<Child>>,
    folder: TempDir,
    pub port: u16,
}

/// The program of the server, unless it was not built: then the test says so and is skipped, or fails with `FARPOINT_REQUIRE_S3=1`.
fn program() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/s3-server/bin/s3s-fs");
    if program.exists() {
        return Some(program);
    }
    assert!(std::env::var_os("FARPOINT_REQUIRE_S3").is_none(), "no S3 server: scripts/s3-server");
    eprintln!("skipped: no S3 server (scripts/s3-server builds one)");
    None
}

impl Server {
    /// One that knows the keys, and answers nobody else.
    pub fn start() -> Option<Server> {
        Server::start_with(&["--access-key", KEY, "--secret-key", SECRET])
    }

    /// One that answers everybody, and so plain requests of the web, too.
    pub fn start_open() -> Option<Server> {
        Server::start_with(&[])
    }

    fn start_with(keys: &[&str]) -> Option<Server> {
        let program = program()?;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("pools")).unwrap();
        // Another process may take the port meanwhile: then with the next.
        let started = (0..10).find_map(|_| {
            let port = free_port();
            let mut process = Command::new(&program)
                .args(["--host", "127.0.0.1", "--port", &port.to_string()])
                .args(keys)
                .arg(folder.path())
                .env("RUST_LOG", "off")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            answers(port, &mut process).then_some((process, port))
        });
        let (process, port) = started.expect("a server starts within a minute");
        Some(Server { process: Arc::new(Mutex::new(process)), folder, port })
    }

    /// The object `key` of the bucket holds `bytes` from now on.
    pub fn put(&self, key: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The file that is the object `key`.
    pub fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join("pools").join(key)
    }

    /// What ends the server at once.
    pub fn killer(&self) -> impl FnOnce() + Send + 'static {
        let process = Arc::clone(&self.process);
        move || kill(&mut process.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        kill(&mut self.process.lock().unwrap());
    }
}

fn kill(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Whether the server came up, rather than ended.
fn answers(port: u16, process: &mut Child) -> bool {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(20) {
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    kill(process);
    false
}

/// An address that hands on to a server what it is sent, and back. After so many bytes of answers it does something, once.
pub struct Relay {
    pub port: u16,
    /// Bytes of answers handed on.
    pub answered: Arc<AtomicUsize>,
}

impl Relay {
    /// To the server at `port`, for as long as it lasts.
    pub fn counting(port: u16) -> Relay {
        Relay::to(port, usize::MAX, Cuts::Nothing, || {})
    }

    /// To the server at `port`; after `most` bytes of answers `then` is done, and connections are cut.
    pub fn to(port: u16, most: usize, cuts: Cuts, then: impl FnOnce() + Send + 'static) -> Relay {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let own = listener.local_addr().unwrap().port();
        let answered = Arc::new(AtomicUsize::new(0));
        let limit = Arc::new(Limit {
            most,
            cuts,
            answered: Arc::clone(&answered),
            then: Mutex::new(Some(Box::new(then))),
        });
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || hand_on(from, to, |_| true));
                let limit = Arc::clone(&limit);
                thread::spawn(move || hand_on(server, client, |bytes| limit.passes(bytes)));
            }
        });
        Relay { port: own, answered }
    }
}

/// What a relay cuts once its limit is passed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cuts {
    Nothing,
    /// The connection that passes it.
    One,
    /// Every one that answers from then on.
    All,
}

struct Limit {
    most: usize,
    cuts: Cuts,
    answered: Arc<AtomicUsize>,
    then: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Limit {
    fn passes(&self, bytes: usize) -> bool {
        if self.answered.fetch_add(bytes, Ordering::SeqCst) + bytes <= self.most {
            return true;
        }
        let then = self.then.lock().unwrap().take();
        let is_first = then.is_some();
        then.into_iter().for_each(|then| then());
        match self.cuts {
            Cuts::Nothing => true,
            Cuts::One => !is_first,
            Cuts::All => false,
        }
    }
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(usize) -> bool) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        if !passes(read) || to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// An address that takes connections and never answers.
pub fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}
