//! Small writers of the formats that pools are read from, independent of the readers.

use std::io::Write;
use std::path::PathBuf;

use farpoint::{Error, Pool, Result};
use tempfile::TempDir;

/// The pool of every fixture: 5 x 3, exact in f16 and bf16.
pub fn value(row: usize, j: usize) -> f32 {
    f32::from(i16::try_from(row).unwrap()) - f32::from(i16::try_from(j).unwrap()) / 4.0
}

pub fn values(rows: usize, d: usize) -> Vec<f32> {
    (0..rows * d).map(|at| value(at / d, at % d)).collect()
}

pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

pub fn le<const N: usize, T: Copy>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&v| bytes(v)).collect()
}

/// An .npy file of version 1 with any header, true or not.
pub fn npy_text(header: &str, values: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(values);
    file
}

pub fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}          \n");
    npy_text(&header, values)
}

pub fn npy_f32(values: &[f32], rows: usize, d: usize) -> Vec<u8> {
    npy("<f4", &format!("({rows}, {d})"), &le(values, f32::to_le_bytes))
}

pub fn bin(rows: u32, d: u32, values: &[u8]) -> Vec<u8> {
    [&rows.to_le_bytes()[..], &d.to_le_bytes(), values].concat()
}

pub fn fvecs(values: &[f32], d: usize) -> Vec<u8> {
    let prefix = u32::try_from(d).unwrap().to_le_bytes();
    let row = |row: &[f32]| [&prefix[..], &le(row, f32::to_le_bytes)].concat();
    values.chunks(d).flat_map(row).collect()
}

pub fn safetensors(header: &str, values: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), values].concat()
}

pub fn npz(members: &[(&str, Vec<u8>)], deflated: bool) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let method =
        if deflated { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in members {
        archive.start_file(format!("{name}.npy"), options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A folder that is gone after the test.
pub struct Folder(pub TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn open(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<Pool<'static>> {
        Pool::open(self.write(name, bytes))
    }

    /// What is said of a file that is refused, in one line, after its name.
    pub fn refusal(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        reason(self.open(name, bytes).expect_err(name))
    }
}

/// The part of a refusal after the path.
pub fn reason(error: Error) -> String {
    let Error::Format { path, reason } = &error else { panic!("{error:?}") };
    assert_eq!(error.to_string(), format!("{}: {reason}", path.display()));
    assert!(!reason.contains('\n'), "{reason:?}");
    reason.clone()
}

/// Values that f32 has not: map coordinates a tenth apart, a whole number beyond 2^24, a square that underflows.
pub const F64_VALUES: [f64; 6] = [5e6 + 0.1, 5e6 + 0.2, 16_777_217.0, -0.0, 1e-200, -5e-324];

/// A pool of [`F64_VALUES`], `(2, 3)`, as they are, with nothing to be told of them.
#[track_caller]
pub fn assert_f64_values(pool: &Pool) {
    assert_eq!((pool.rows(), pool.dimensions(), pool.dtype().name()), (2, 3, "f64"));
    let (mut scratch, bits) = (Vec::new(), |values: &[f64]| -> Vec<u64> {
        values.iter().map(|value| value.to_bits()).collect()
    });
    let found: Vec<f64> = (0..2).flat_map(|row| pool.row_f64(row, &mut scratch).to_vec()).collect();
    assert_eq!(bits(&found), bits(&F64_VALUES));
    assert_eq!(pool.notices(), [""; 0]);
    assert_eq!(pool.hash().unwrap(), Pool::new(&F64_VALUES, 3).unwrap().hash().unwrap());
}

pub fn rows_of(pool: &Pool) -> Vec<f32> {
    let mut scratch = Vec::new();
    (0..pool.rows()).flat_map(|row| pool.row(row, &mut scratch).to_vec()).collect()
}

/// The pool's shape, type and every value.
#[track_caller]
pub fn assert_pool(pool: &Pool, values: &[f32], d: usize, dtype: &str) {
    assert_eq!((pool.dimensions(), pool.dtype().name()), (d, dtype));
    assert_eq!(rows_of(pool), values);
}
