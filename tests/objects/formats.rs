//! Every format, read from a store, is what it is in a file.

use crate::program::Program;
use crate::server::Server;
use crate::writers::*;

/// Rows in no order, the same each time.
pub fn scattered(rows: usize, d: usize) -> Vec<f32> {
    let mixed = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    (0..rows * d).map(|at| mixed(at + 1) as f32 / 4096.0).collect()
}

fn floats(values: &[f32]) -> Vec<u8> {
    le(values, f32::to_le_bytes)
}

#[test]
fn every_format_is_what_it_is_in_a_file() {
    let Some(server) = Server::start() else { return };
    let (n, d) = (200, 6);
    let values = scattered(n, d);
    let bytes: Vec<u8> = (0..n * d).map(|at| u8::try_from(at * 37 % 251).unwrap()).collect();
    let big_endian = le(&values, f32::to_be_bytes);
    let shape = format!("({n}, {d})");
    let header =
        format!(r#"{{"v":{{"dtype":"F32","shape":[{n},{d}],"data_offsets":[0,{}]}}}}"#, 4 * n * d);
    let (rows, size) = (u32::try_from(n).unwrap(), u32::try_from(d).unwrap());
    let bvecs: Vec<u8> =
        bytes.chunks(d).flat_map(|row| [&size.to_le_bytes()[..], row].concat()).collect();
    for (name, file) in [
        ("p.npy", npy_f32(&values, n, d)),
        ("swapped.npy", npy(">f4", &shape, &big_endian)),
        ("p.fbin", bin(rows, size, &floats(&values))),
        ("p.u8bin", bin(rows, size, &bytes)),
        ("p.i8bin", bin(rows, size, &bytes)),
        ("p.fvecs", fvecs(&values, d)),
        ("p.bvecs", bvecs),
        ("p.safetensors", safetensors(&header, &floats(&values))),
        ("stored.npz", npz(&[("v", npy_f32(&values, n, d))], false)),
        ("deflated.npz", npz(&[("v", npy_f32(&values, n, d))], true)),
    ] {
        server.put(name, file);
    }
    let mut names =
        vec!["p.npy", "swapped.npy", "p.fbin", "p.u8bin", "p.i8bin", "p.fvecs", "p.bvecs"];
    names.extend(["p.safetensors", "stored.npz", "deflated.npz"]);
    let mut fixtures = Vec::new();
    if cfg!(feature = "parquet") {
        fixtures.extend([
            "fixed_zstd.parquet",
            "list_snappy.parquet",
            "plain.arrow",
            "lz4.feather",
        ]);
    }
    if cfg!(all(feature = "hdf5", feature = "zarr")) {
        fixtures.extend(["trident.h5", "array.zarr.zip"]);
    }
    for name in &fixtures {
        server.put(name, std::fs::read(fixture(name)).unwrap());
    }
    names.extend(fixtures);
    let program = Program::at(server.port);
    for name in names {
        program.agree(&format!("s3://pools/{name}"), &server.path(name));
    }
    let verified = program.run("verify s3://pools/lz4.feather picks.json");
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
}

/// Of a large Parquet file, the one column is read, once, in many row groups and by large requests.
#[cfg(feature = "parquet")]
#[test]
fn of_a_parquet_file_one_column_is_read_once() {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use arrow_array::types::Float32Type;
    use arrow_array::{ArrayRef, FixedSizeListArray, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use crate::server::Relay;

    let Some(server) = Server::start() else { return };
    let (n, d) = (20_000, 32);
    let values = scattered(n, d);
    let rows = values.chunks(d).map(|row| Some(row.iter().copied().map(Some).collect::<Vec<_>>()));
    let lists = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 32);
    let text = StringArray::from_iter_values(values.chunks(d).map(|row| format!("{row:?}")));
    let columns: [(&str, ArrayRef); 2] = [("text", Arc::new(text)), ("v", Arc::new(lists))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(3000)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let file = bytes::Bytes::from(writer.into_inner().unwrap());
    let reader = SerializedFileReader::new(file.clone()).unwrap();
    let groups = reader.metadata().row_groups().iter();
    let column = groups.map(|group| group.column(1).compressed_size()).sum::<i64>();
    let column = usize::try_from(column).unwrap();
    assert!(file.len() > 2 * column, "{} {column}", file.len());
    server.put("deep/p.parquet", file);
    let relay = Relay::counting(server.port);
    let program = Program::at(relay.port);
    program.agree("s3://pools/deep/p.parquet", &server.path("deep/p.parquet"));
    let answered = relay.answered.load(Ordering::SeqCst);
    assert!((column..column + 100_000).contains(&answered), "{answered} of {column}");
}

/// An object is read once, whatever its format; of one whose size alone is asked for, little is read.
#[test]
fn an_object_is_read_once() {
    use std::sync::atomic::Ordering;

    use crate::server::Relay;

    let Some(server) = Server::start() else { return };
    let (n, d) = (300_000, 32);
    let file = npy_f32(&scattered(n, d), n, d);
    let length = file.len();
    server.put("p.npy", file);
    let relay = Relay::counting(server.port);
    let program = Program::at(relay.port);
    let plan = program.run("plan s3://pools/p.npy --budget 10 --json");
    assert_eq!(plan.code, Some(0), "{}", plan.err);
    let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    assert_eq!((&plan["rows"], &plan["decoded_bytes"]), (&n.into(), &(n * d * 4).into()));
    let headers = relay.answered.swap(0, Ordering::SeqCst);
    assert!(headers < 100_000, "{headers}");
    program.agree("s3://pools/p.npy", &server.path("p.npy"));
    let answered = relay.answered.load(Ordering::SeqCst);
    assert!((length..length + 100_000).contains(&answered), "{answered} of {length}");
}

/// Names are sent as they are, whatever they are made of.
#[test]
fn a_name_may_be_odd() {
    let Some(server) = Server::start() else { return };
    let program = Program::at(server.port);
    for name in ["p%20q.npy", "\u{e9}.npy", "a+b=c.npy", "(1)&2.npy", "x#y.npy", "~'.npy"] {
        server.put(&format!("odd/{name}"), npy_f32(&scattered(9, 3), 9, 3));
        program.agree(&format!("s3://pools/odd/{name}"), &server.path(&format!("odd/{name}")));
    }
    let all = program.picks("s3://pools/odd/");
    assert_eq!(all["pool"]["rows"], 54);
}

/// Rows, weights and vectors may lie in a store, too.
#[test]
fn lists_are_read_from_a_store() {
    let Some(server) = Server::start() else { return };
    server.put("p.npy", npy_f32(&scattered(50, 3), 50, 3));
    server.put("labeled.txt", "3\n7\n");
    let program = Program::at(server.port);
    let run = program
        .run("select s3://pools/p.npy --budget 4 --quiet --labeled s3://pools/labeled.txt --json");
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.contains("s3://pools/labeled.txt"), "{}", run.out);
    let missing = program.run("select s3://pools/p.npy -k 4 --labeled s3://pools/none.txt");
    missing.fails("s3://pools/none.txt", "there is no such object");
}

/// A web server is read by the same requests, without signatures; so is a bucket that is public.
#[test]
fn a_web_server_and_a_public_bucket_are_read() {
    let Some(server) = Server::start_open() else { return };
    server.put("a b.npy", npy_f32(&scattered(50, 3), 50, 3));
    let program = Program::at(server.port).with("AWS_SKIP_SIGNATURE", "true");
    let local = server.path("a b.npy");
    let copy = server.path("copy.npy");
    std::fs::copy(&local, &copy).unwrap();
    let host = format!("http://127.0.0.1:{}/pools", server.port);
    program.agree(&format!("{host}/a%20b.npy"), &copy);
    program.agree("s3://pools/copy.npy", &copy);
    let missing = format!("{host}/none.npy");
    program.run(&format!("select {missing} -k 1")).fails(&missing, "there is no such object");
    let pattern = format!("{host}/*.npy");
    program.run(&format!("select {pattern} -k 1")).fails(&pattern, "one file is read");
}
