//! What may go wrong with a store: each is one line that names the object, in bounded time.

use std::fs;

use crate::formats::scattered;
use crate::program::Program;
use crate::server::{Cuts, Relay, Server, silent};
use crate::writers::*;

/// 38 MB: five requests.
fn large(server: &Server) {
    let (n, d) = (300_000, 32);
    server.put("p.npy", npy_f32(&scattered(n, d), n, d));
}

#[test]
fn wrong_credentials_are_told() {
    let Some(server) = Server::start() else { return };
    server.put("p.npy", npy_f32(&[1.0, 2.0], 2, 1));
    for pool in ["s3://pools/p.npy", "s3://pools/*.npy"] {
        let unknown = Program::at(server.port).with("AWS_ACCESS_KEY_ID", "somebody");
        unknown.run(&format!("select {pool} -k 1")).fails(pool, "the store refuses it: 403");
        let wrong = Program::at(server.port).with("AWS_SECRET_ACCESS_KEY", "wrong");
        wrong.run(&format!("plan {pool} -k 1")).fails(pool, "the store refuses it: 403");
    }
}

#[test]
fn an_endpoint_that_is_not_there_is_told() {
    let (listener, port) = silent();
    drop(listener);
    let run = Program::at(port).run("select s3://pools/p.npy -k 1");
    run.fails("s3://pools/p.npy", "the store cannot be reached: ");
    assert!(run.err.contains("refused") && run.seconds < 20.0, "{} {}", run.seconds, run.err);
    let secure = Program::at(port).with("AWS_ALLOW_HTTP", "false");
    secure
        .run("select s3://pools/p.npy -k 1")
        .fails("s3://pools/p.npy", "URL scheme is not allowed");
}

#[test]
fn an_endpoint_that_does_not_answer_is_given_up() {
    let (_listener, port) = silent();
    let program = Program::at(port).with("AWS_READ_TIMEOUT", "1 second");
    let run = program.run("select s3://pools/p.npy -k 1");
    run.fails("s3://pools/p.npy", "the store did not answer in time");
    assert!((1.0..20.0).contains(&run.seconds), "{}", run.seconds);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_wait_at_once() {
    let (_listener, port) = silent();
    let ended = Program::at(port).ends_when_told("select s3://pools/p.npy -k 1", "-INT", 5);
    assert!(ended.as_secs_f64() < 1.0, "{ended:?}");
}

#[test]
fn a_server_that_is_killed_half_way_is_told() {
    let Some(server) = Server::start() else { return };
    large(&server);
    let relay = Relay::to(server.port, 20_000_000, Cuts::All, server.killer());
    let run = Program::at(relay.port).run("select s3://pools/p.npy -k 5");
    run.fails("s3://pools/p.npy", "the store ");
    assert!(run.seconds < 60.0, "{}", run.seconds);
}

/// Connections that break are tried again, and the answer is as if none had.
#[test]
fn an_answer_that_breaks_off_once_is_asked_for_again() {
    let Some(server) = Server::start() else { return };
    large(&server);
    let relay = Relay::to(server.port, 5_000_000, Cuts::One, || {});
    Program::at(relay.port).agree("s3://pools/p.npy", &server.path("p.npy"));
    let answered = relay.answered.load(std::sync::atomic::Ordering::SeqCst);
    assert!(answered > 5_000_000, "{answered}");
}

#[test]
fn an_object_that_changes_meanwhile_is_refused() {
    let Some(server) = Server::start() else { return };
    // 77 MB: requests for the last of them are sent when the first were answered.
    let (n, d) = (600_000, 32);
    server.put("p.npy", npy_f32(&scattered(n, d), n, d));
    let path = server.path("p.npy");
    let change = move || {
        // Of the same length, in the same second.
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        let new = path.with_extension("new");
        fs::write(&new, bytes).unwrap();
        fs::rename(new, &path).unwrap();
    };
    let relay = Relay::to(server.port, 1_000_000, Cuts::Nothing, change);
    let run = Program::at(relay.port).run("select s3://pools/p.npy -k 5");
    run.fails("s3://pools/p.npy", "the object was changed in the meantime");
}

#[test]
fn a_bad_value_and_a_damaged_object_are_named() {
    let Some(server) = Server::start() else { return };
    server.put("nan.npy", npy_f32(&[1.0, f32::NAN], 2, 1));
    server.put("empty.npy", "");
    server.put("damaged.npz", "PK no archive");
    server.put("notes.md", "none");
    let program = Program::at(server.port);
    for (name, told) in [
        ("nan.npy", "row 1 holds NaN at dimension 0"),
        ("empty.npy", "is a file of 0 bytes"),
        ("damaged.npz", "is not a whole .npz archive"),
        ("notes.md", "is of no format that pools are read from"),
    ] {
        let pool = format!("s3://pools/{name}");
        program.run(&format!("select {pool} -k 1")).fails(&pool, told);
    }
}
