//! No file makes a reader panic, and none makes it allocate what the file does not hold.

use std::path::Path;

use farpoint::Dtype;
use farpoint::pool::{OpenOptions, in_memory};
use proptest::prelude::*;

use crate::writers::*;

const EXTENSIONS: [&str; 17] = [
    "npy",
    "npz",
    "pt",
    "safetensors",
    "parquet",
    "arrow",
    "h5",
    "zip",
    "fbin",
    "u8bin",
    "fvecs",
    "bvecs",
    "txt",
    "csv",
    "json",
    "jsonl",
    "vec",
];
/// What the formats begin with, so that random bytes get past the first check.
const BEGINNINGS: [&[u8]; 7] = [
    b"",
    b"\x89HDF\r\n\x1a\n\x00",
    b"\x93NUMPY\x01\x00",
    b"PK\x03\x04",
    b"PAR1",
    b"ARROW1\x00\x00",
    b"{\"centers\":[",
];

fn read(extension: &str, bytes: &[u8]) {
    let name = format!("file.{extension}");
    let path = Path::new(&name);
    let _ = in_memory::open_named(path, bytes.to_vec(), None);
    let _ = in_memory::open_named(path, bytes.to_vec(), Some("v"));
    let options =
        OpenOptions { columns: Some("*"), dtype: Some(Dtype::F32), ..OpenOptions::default() };
    let _ = in_memory::open_with(path, bytes.to_vec(), &options);
    let _ = in_memory::read_rows(path, bytes.to_vec());
    let _ = in_memory::read_weights(path, bytes.to_vec());
    let _ = in_memory::read_ids(path, bytes.to_vec());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        beginning in prop::sample::select(&BEGINNINGS[..]),
        extension in prop::sample::select(&EXTENSIONS[..]),
    ) {
        read(extension, &[beginning, &bytes[..]].concat());
    }

    #[test]
    fn any_text(text in "[-0-9a-f.,;\t \r\n\"\\[\\]{}:]{0,80}", extension in prop::sample::select(&["csv", "jsonl", "vec"][..])) {
        read(extension, text.as_bytes());
    }

    #[test]
    fn any_npy_header(header in "[{}()\\[\\]'\":, a-zA-Z0-9<>|=-]{0,80}", values in 0usize..40) {
        read("npy", &npy_text(&header, &vec![0; values]));
    }

    #[test]
    fn any_descr_and_shape(
        descr in "[<>|=]?[a-zA-Z][0-9]{0,2}",
        shape in prop::collection::vec(any::<i64>().prop_map(|side| side >> (side & 63)), 0..4),
        values in 0usize..64,
    ) {
        let sides: Vec<String> = shape.iter().map(i64::to_string).collect();
        read("npy", &npy(&descr, &format!("({},)", sides.join(",")), &vec![1; values]));
    }

    #[test]
    fn any_dimensions_of_bin(rows: u32, d: u32, values in prop::collection::vec(any::<u8>(), 0..64)) {
        read("fbin", &bin(rows, d, &values));
        read("fbin", &bin(rows % 8, d % 8, &values));
        read("fvecs", &bin(d % 4, d, &values));
    }

    #[test]
    fn any_tensor(shape in prop::collection::vec(any::<u64>(), 0..3), begin: u64, end: u64) {
        let header = format!(
            r#"{{"v":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{begin},{end}]}}}}"#
        );
        read("safetensors", &safetensors(&header, &[0; 32]));
    }

    #[test]
    fn what_was_written_is_read(rows in 1usize..9, d in 1usize..9, bits in prop::collection::vec(any::<u32>(), 81)) {
        let finite = |bits: u32| Some(f32::from_bits(bits)).filter(|v| v.is_finite()).unwrap_or(1.5);
        let values: Vec<f32> = bits[..rows * d].iter().map(|&bits| finite(bits)).collect();
        let pool = in_memory::open_named(Path::new("p.npy"), npy_f32(&values, rows, d), None).unwrap();
        prop_assert_eq!(rows_of(&pool), values);
    }
}
