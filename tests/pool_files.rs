//! Pools from files, read back against the values that were written.
use farpoint::Pool;
#[test]
fn npy_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pool.npy");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
    file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    file.extend(header.as_bytes());
    for v in 0..6 {
        file.extend((v as f32).to_le_bytes());
    }
    std::fs::write(&path, file).unwrap();
    let pool = Pool::open(&path).unwrap();
    assert_eq!(pool.row(1, &mut Vec::new()), [3.0, 4.0, 5.0]);
}
