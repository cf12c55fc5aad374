//! Folders and patterns of objects.

use crate::formats::scattered;
use crate::program::Program;
use crate::server::Server;
use crate::writers::*;

/// Twelve shards of unequal length, with names that bytes put in another order than numbers.
fn shards(server: &Server) -> Vec<String> {
    let names: Vec<String> = (0..12).map(|shard| format!("emb/shard_{shard}.npy")).collect();
    for (shard, name) in names.iter().enumerate() {
        let values: Vec<f32> = scattered(300, 3)[90 * (shard % 3)..][..30 + 3 * shard].to_vec();
        server.put(name, npy_f32(&values, values.len() / 3, 3));
    }
    names
}

#[test]
fn a_folder_and_a_pattern_are_in_order_of_numbers() {
    let Some(server) = Server::start() else { return };
    let names = shards(&server);
    server.put("emb/.hidden.npy", "none");
    let program = Program::at(server.port);
    let local = server.path("emb");
    for pool in ["s3://pools/emb", "s3://pools/emb/", "s3://pools/emb/*.npy", "s3://pools/*/s*"] {
        program.agree(pool, &local);
        let record = program.picks(pool);
        let files = record["pool"]["files"].as_array().unwrap();
        let found: Vec<String> =
            files.iter().map(|file| file["path"].as_str().unwrap().to_string()).collect();
        let expected: Vec<String> = names.iter().map(|name| format!("s3://pools/{name}")).collect();
        assert_eq!(found, expected);
    }
    let some = program.picks("s3://pools/emb/shard_[135].npy");
    assert_eq!(some["pool"]["files"].as_array().unwrap().len(), 3);
}

#[test]
fn plan_prints_the_order_and_the_first_rows() {
    let Some(server) = Server::start() else { return };
    shards(&server);
    let program = Program::at(server.port);
    let plan = program.run("plan s3://pools/emb --budget 5");
    assert_eq!(plan.code, Some(0), "{}", plan.err);
    let at = plan.out.find("first row  file\n").unwrap_or_else(|| panic!("{}", plan.out));
    let lines: Vec<&str> = plan.out[at..].lines().skip(1).map(str::trim).collect();
    assert_eq!(lines.len(), 12);
    assert_eq!(
        lines[..3],
        [
            "0  s3://pools/emb/shard_0.npy",
            "10  s3://pools/emb/shard_1.npy",
            "21  s3://pools/emb/shard_2.npy"
        ]
    );
    assert_eq!(lines[11], "165  s3://pools/emb/shard_11.npy");
    assert!(
        plan.err.contains("shard_9.npy comes before s3://pools/emb/shard_10.npy"),
        "{}",
        plan.err
    );
    let json = program.run("plan s3://pools/emb --budget 5 --json");
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        json["files"][11],
        serde_json::json!({"path": "s3://pools/emb/shard_11.npy", "first_row": 165})
    );
}

/// As Hive and Spark lay tables out.
#[test]
fn partitions_are_read_in_order_of_their_names() {
    let Some(server) = Server::start() else { return };
    for day in [1, 2, 10] {
        server.put(&format!("hive/day={day}/hour=0/p.npy"), npy_f32(&[day as f32], 1, 1));
    }
    let program = Program::at(server.port);
    let json = program.run("plan s3://pools/hive --budget 1 --json");
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let expected = [1, 2, 10].map(|day| format!("s3://pools/hive/day={day}/hour=0/p.npy"));
    let files = json["files"].as_array().unwrap().iter();
    let files: Vec<&str> = files.map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(files, expected);
}

#[test]
fn what_matches_nothing_is_told() {
    let Some(server) = Server::start() else { return };
    shards(&server);
    server.put("emb/deeper/p.npy", npy_f32(&[1.0], 1, 1));
    server.put("hive/day=1/p.npy", npy_f32(&[1.0], 1, 1));
    server.put("hive/day=1/deeper/p.npy", npy_f32(&[1.0], 1, 1));
    let program = Program::at(server.port);
    for (pool, told) in [
        (
            "s3://pools/hive",
            "holds folders, such as 'hive/day=1/deeper', of which none is read but partitions (key=value): give a pattern, as 's3://pools/hive/*/*/*.npy'",
        ),
        ("s3://pools/emb/none.npy", "there is no such object, and none in a folder of that name"),
        ("s3://pools/none/", "there is no such object, and none in a folder of that name"),
        ("s3://pools/emb/none*.npy", "as a pattern it matches none"),
        ("s3://nowhere/p.npy", "there is no such bucket"),
        ("s3://nowhere/*.npy", "there is no such bucket"),
        ("s3://pools/emb", "partitions (key=value): give a pattern, as 's3://pools/emb/*/*.npy'"),
        ("s3://", "names no bucket"),
        ("s3://pools/a//b.npy", "contained empty path segment"),
        ("hf://datasets/some/where", "snapshot_download"),
        ("ftp://host/p.npy", "ftp:// is no store that is read from"),
    ] {
        program.run(&format!("select {pool} -k 5")).fails(pool, told);
    }
}

#[test]
fn tables_with_deleted_rows_are_refused() {
    let Some(server) = Server::start() else { return };
    let program = Program::at(server.port);
    server.put("delta/part-0.parquet", "none");
    server.put("delta/_delta_log/00000000000000000000.json", "{}");
    server.put("hudi/part-0.parquet", "none");
    server.put("hudi/.hoodie/hoodie.properties", "");
    server.put("ice/data/part-0.parquet", "none");
    server.put("ice/metadata/v1.metadata.json", "{}");
    for (pool, root, told) in [
        ("s3://pools/delta/*.parquet", "s3://pools/delta", "is a table of Delta Lake"),
        ("s3://pools/hudi/*.parquet", "s3://pools/hudi", "is a table of Apache Hudi"),
        ("s3://pools/ice/data/", "s3://pools/ice", "is a table of Apache Iceberg"),
    ] {
        program.run(&format!("select {pool} -k 5")).fails(root, told);
    }
}
