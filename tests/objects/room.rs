//! Pools that are larger than the memory they may take.

use crate::formats::scattered;
use crate::program::Program;
use crate::server::Server;
use crate::writers::*;

/// 160 MB, of which there is room for half of 260 MB, less what the process holds.
#[cfg(target_os = "linux")]
#[test]
fn what_does_not_fit_goes_to_the_scratch_folder_or_is_refused() {
    let Some(server) = Server::start() else { return };
    let (n, d) = (100_000, 400);
    server.put("p.npy", npy_f32(&scattered(n, d), n, d));
    let program = Program::at(server.port);
    let refused = program.run("select s3://pools/p.npy -k 5 --memory 260MB");
    refused.fails("s3://pools/p.npy", "once it is fetched, but there is room for");
    let folder = tempfile::tempdir().unwrap();
    let scratch = folder.path().display();
    let run = program.run(&format!(
        "select s3://pools/p.npy -k 5 --memory 260MB --scratch {scratch} --output picks.json"
    ));
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(
        run.err.contains("s3://pools/p.npy: fetched once, into the scratch folder"),
        "{}",
        run.err
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let verified = program.run(&format!("verify {} picks.json", server.path("p.npy").display()));
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
}
