//! Credentials of a profile in `~/.aws`, with no variable but HOME, and AWS_PROFILE.

use crate::formats::scattered;
use crate::program::Program;
use crate::server::{KEY, SECRET, Server};
use crate::writers::*;

#[test]
fn a_profile_is_read_from_home() {
    let Some(server) = Server::start() else { return };
    let (n, d) = (500, 4);
    server.put("p.npy", npy_f32(&scattered(n, d), n, d));
    let credentials = format!(
        "[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n\
         [old]\naws_access_key_id = {KEY}\naws_secret_access_key = wrong\n"
    );
    let place = format!("region = eu-north-1\nendpoint_url = http://127.0.0.1:{}\n", server.port);
    let config = format!("[default]\n{place}[profile old]\n{place}");
    let home = || Program::at_home(&credentials, &config);
    home().agree("s3://pools/p.npy", &server.path("p.npy"));
    let old = || home().with("AWS_PROFILE", "old");
    let select = "select s3://pools/p.npy -k 1";
    old().run(select).fails("s3://pools/p.npy", "the store refuses it: 403");
    let exported = old().with("AWS_ACCESS_KEY_ID", KEY).with("AWS_SECRET_ACCESS_KEY", SECRET);
    exported.agree("s3://pools/p.npy", &server.path("p.npy"));
}

#[test]
fn a_profile_that_cannot_be_used_is_told() {
    let credentials = "[default]\naws_secret_access_key = of-nobody\n";
    let config = "[profile sso]\nsso_session = s\n";
    for (profile, told) in [
        ("default", "there is aws_secret_access_key without aws_access_key_id in [default] of "),
        ("sso", "aws configure export-credentials --profile sso --format env"),
        ("none", "AWS profile 'none' is neither in "),
    ] {
        let home = Program::at_home(credentials, config).with("AWS_PROFILE", profile);
        let run = home.run("select s3://pools/p.npy -k 1");
        run.fails("s3://pools/p.npy", told);
        assert!(!run.err.contains("of-nobody"), "{}", run.err);
    }
}
