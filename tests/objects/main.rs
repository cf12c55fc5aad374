//! Pools in object stores, read by the program from a real S3 server, and from a web server over plain HTTP.

#[path = "../pool/writers.rs"]
#[allow(dead_code, reason = "some of it is used")]
mod writers;

mod program;
mod server;

mod failures;
mod formats;
mod listings;
mod profiles;
mod room;
