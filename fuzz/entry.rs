//! What each fuzz target does with its bytes; `tests/pool/fuzz.rs` does the same.

use std::path::Path;

use farpoint::pool::{OpenOptions, in_memory};
use farpoint::{Dtype, Pool};

/// Read `bytes` as the files of `target` are read. Whatever they are, it must return, and soon.
pub fn read(target: &str, bytes: &[u8]) {
    match target {
        "bin" => ["p.fbin", "p.u8bin", "p.i8bin"].iter().for_each(|name| pool(name, bytes)),
        "table" => table(bytes),
        "json_lines" => pool("p.jsonl", bytes),
        "words" => pool("p.vec", bytes),
        "columns" => columns(bytes),
        "vecs" => ["p.fvecs", "p.bvecs"].iter().for_each(|name| pool(name, bytes)),
        "list_npy" => lists("p.npy", bytes),
        "list_text" => ["p.txt", "p.csv", "p.json"].iter().for_each(|name| lists(name, bytes)),
        "list_parquet" => lists("p.parquet", bytes),
        format => pool(&format!("p.{format}"), bytes),
    }
}

/// A pool that is accepted must be readable to its last row, and finite.
fn pool(name: &str, bytes: &[u8]) {
    readable(in_memory::open_named(Path::new(name), bytes.to_vec(), None));
}

fn readable(pool: farpoint::Result<Pool>) {
    let Ok(pool) = pool else { return };
    assert!(pool.rows() > 0 && pool.dimensions() > 0, "{pool:?}");
    let mut scratch = Vec::new();
    for row in 0..pool.rows() {
        let values = pool.row(row, &mut scratch);
        assert_eq!(values.len(), pool.dimensions());
        assert!(values.iter().all(|value| value.is_finite()), "{pool:?} {row}");
    }
}

/// A table of text: with names above its columns, without, and of lists.
fn table(bytes: &[u8]) {
    pool("p.csv", bytes);
    for options in [
        OpenOptions { columns: Some("*"), ..OpenOptions::default() },
        OpenOptions { name: Some("v"), dtype: Some(Dtype::F32), ..OpenOptions::default() },
    ] {
        readable(in_memory::open_with(Path::new("p.csv"), bytes.to_vec(), &options));
    }
}

/// Columns of a Parquet and an Arrow file: a dimension each, fields of structs, raw values.
fn columns(bytes: &[u8]) {
    let name = if bytes.starts_with(b"PAR1") { "p.parquet" } else { "p.arrow" };
    for options in [
        OpenOptions { columns: Some("f*"), ..OpenOptions::default() },
        OpenOptions { name: Some("m"), ..OpenOptions::default() },
        OpenOptions { dtype: Some(Dtype::F16), ..OpenOptions::default() },
    ] {
        readable(in_memory::open_with(Path::new(name), bytes.to_vec(), &options));
    }
}

fn lists(name: &str, bytes: &[u8]) {
    let _ = in_memory::read_rows(Path::new(name), bytes.to_vec());
    let _ = in_memory::read_weights(Path::new(name), bytes.to_vec());
    let _ = in_memory::read_ids(Path::new(name), bytes.to_vec());
}
