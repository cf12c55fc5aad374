//! What each fuzz target does with its bytes; `tests/pool/fuzz.rs` does the same.

use std::path::Path;

use farpoint::pool::in_memory;

/// Read `bytes` as the files of `target` are read. Whatever they are, it must return, and soon.
pub fn read(target: &str, bytes: &[u8]) {
    match target {
        "bin" => ["p.fbin", "p.u8bin", "p.i8bin"].iter().for_each(|name| pool(name, bytes)),
        "vecs" => ["p.fvecs", "p.bvecs"].iter().for_each(|name| pool(name, bytes)),
        "list_npy" => lists("p.npy", bytes),
        "list_text" => ["p.txt", "p.csv", "p.json"].iter().for_each(|name| lists(name, bytes)),
        "list_parquet" => lists("p.parquet", bytes),
        format => pool(&format!("p.{format}"), bytes),
    }
}

/// A pool that is accepted must be readable to its last row, and finite.
fn pool(name: &str, bytes: &[u8]) {
    let Ok(pool) = in_memory::open_named(Path::new(name), bytes.to_vec(), None) else { return };
    assert!(pool.rows() > 0 && pool.dimensions() > 0, "{pool:?}");
    let mut scratch = Vec::new();
    for row in 0..pool.rows() {
        let values = pool.row(row, &mut scratch);
        assert_eq!(values.len(), pool.dimensions());
        assert!(values.iter().all(|value| value.is_finite()), "{pool:?} {row}");
    }
}

fn lists(name: &str, bytes: &[u8]) {
    let _ = in_memory::read_rows(Path::new(name), bytes.to_vec());
    let _ = in_memory::read_weights(Path::new(name), bytes.to_vec());
}
