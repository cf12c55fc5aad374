//! Files that lie about what they hold: one line, exit code 1, and no more memory than an honest file takes.

use std::fs;

#[cfg(feature = "parquet")]
use ::parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::{WriterProperties, WriterPropertiesBuilder},
};

use crate::folder::Folder;

/// The decoder of byte-stream-split pages panics at one that is too short; only the error is told. `plan` decodes nothing.
#[cfg(feature = "parquet")]
#[test]
fn a_panic_of_a_decoder_is_told_once() {
    let folder = Folder::new();
    fs::write(folder.path("short.parquet"), short_byte_stream_split()).unwrap();
    let line = "error: short.parquet: is damaged: decoding failed";
    folder.run("select short.parquet -k 1").fails(1, line);
    assert_eq!(folder.run("plan short.parquet -k 1 --threads 1").code, 0);
}

/// 64 rows of eight values, whose page begins its values four bytes too late.
#[cfg(feature = "parquet")]
fn short_byte_stream_split() -> Vec<u8> {
    use ::parquet::basic::Encoding::BYTE_STREAM_SPLIT;

    let plain = WriterProperties::builder().set_dictionary_enabled(false);
    let mut file = parquet(plain.set_encoding(BYTE_STREAM_SPLIT));
    // Definition levels: their length in bytes, then a run of 512 equal ones. Longer by 4, they leave too few values.
    let run = [3, 0, 0, 0, 0x80, 8];
    let at = file.windows(run.len()).position(|bytes| bytes == run).unwrap();
    file[at] += 4;
    file
}

#[cfg(feature = "parquet")]
fn parquet(properties: WriterPropertiesBuilder) -> Vec<u8> {
    use std::sync::Arc;

    use arrow_array::types::Float32Type;
    use arrow_array::{ArrayRef, FixedSizeListArray, RecordBatch};

    let row = |row: u8| {
        Some((0..8u8).map(move |j| Some(f32::from(row) + f32::from(j))).collect::<Vec<_>>())
    };
    let lists = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>((0..64).map(row), 8);
    let batch = RecordBatch::try_from_iter([("v", Arc::new(lists) as ArrayRef)]).unwrap();
    let mut writer =
        ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// A few bytes that claim ten gigabytes, in each format; what a Parquet page can claim is two.
#[cfg(target_os = "linux")]
#[test]
fn no_claim_is_believed() {
    let folder = Folder::new();
    let sound = fs::read(folder.path("pool.npy")).unwrap();
    let header =
        |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
    let npy = |shape: &str| {
        let header = header(shape);
        [b"\x93NUMPY\x01\x00", &[u8::try_from(header.len()).unwrap(), 0][..], header.as_bytes()]
            .concat()
    };
    let tensor = r#"{"v":{"dtype":"F32","shape":[2500000,1000],"data_offsets":[0,10000000000]}}"#;
    let bin = [2_500_000u32.to_le_bytes(), 1000u32.to_le_bytes(), [0; 4]].concat();
    #[cfg_attr(not(feature = "parquet"), expect(unused_mut))]
    let mut files = vec![
        ("pool.npy", npy("(2500000, 1000)")),
        ("long.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'".to_vec()),
        ("weights.npy", npy("(2500000000,)")),
        ("pool.npz", claiming_npz(&npy("(2500000, 1000)"))),
        ("pool.safetensors", [&(tensor.len() as u64).to_le_bytes(), tensor.as_bytes()].concat()),
        ("header.safetensors", 10_000_000_000u64.to_le_bytes().to_vec()),
        ("pool.fbin", bin.clone()),
        ("pool.u8bin", bin),
        ("pool.fvecs", [i32::MAX.to_le_bytes(), [0; 4]].concat()),
        ("pool.bvecs", [i32::MAX.to_le_bytes(), [0; 4]].concat()),
    ];
    #[cfg(feature = "parquet")]
    {
        let compressed = |by| parquet(WriterProperties::builder().set_compression(by));
        let zstd = Compression::ZSTD(ZstdLevel::default());
        files.push(("zstd.parquet", claiming_page(compressed(zstd))));
        files.push(("snappy.parquet", claiming_page(compressed(Compression::SNAPPY))));
        let feather = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/lz4.feather");
        files.push(("pool.feather", claiming_buffer(fs::read(feather).unwrap())));
    }
    for (name, bytes) in files {
        fs::write(folder.path("sound.npy"), &sound).unwrap();
        fs::write(folder.path(name), bytes).unwrap();
        for words in
            [format!("select {name} -k 1"), format!("select sound.npy -k 1 --weights {name}")]
        {
            let run = folder.run_within(MEMORY, &format!("{words} --threads 1"));
            assert_eq!((run.code, &*run.out), (1, ""), "{words}: {}", run.err);
            assert!(run.err.starts_with("error: "), "{words}: {}", run.err);
            assert_eq!(run.err.lines().count(), 1, "{words}: {}", run.err);
        }
    }
    let words = "select sound.npy -k 1 --threads 1 -q";
    assert_eq!(folder.run_within(MEMORY, words).code, 0);
}

/// Address space, in KiB: the program starts in a quarter of it.
#[cfg(target_os = "linux")]
const MEMORY: usize = 400 << 10;

/// `member`, deflated, whose size before is claimed to be almost 4 GiB.
#[cfg(target_os = "linux")]
fn claiming_npz(member: &[u8]) -> Vec<u8> {
    use std::io::Write;

    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive
        .start_file("a.npy", options.compression_method(zip::CompressionMethod::Deflated))
        .unwrap();
    archive.write_all(member).unwrap();
    let mut file = archive.finish().unwrap().into_inner();
    // At 22 of the local header, at 24 of the central one.
    let central = file.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    for at in [22, central + 24] {
        file[at..at + 4].copy_from_slice(&0xf000_0000u32.to_le_bytes());
    }
    file
}

/// A Parquet file whose first page claims almost 2 GiB: its header begins with the page's type and that size.
#[cfg(all(target_os = "linux", feature = "parquet"))]
fn claiming_page(mut file: Vec<u8>) -> Vec<u8> {
    let start = b"PAR1".len();
    assert_eq!((file[start], file[start + 2]), (0x15, 0x15));
    let varint = file[start + 3..].iter().position(|&byte| byte < 0x80).unwrap() + 1;
    // The bytes that this adds are taken from the end of the page, or the footer would not be found where it was.
    file.splice(start + 3..start + 3 + varint, [0xfe, 0xff, 0xff, 0xff, 0x0f]);
    file.drain(start + 40..start + 40 + 5 - varint);
    file
}

/// An Arrow file whose first LZ4 frame claims to hold 10 GB, as told in the 8 bytes before it.
#[cfg(all(target_os = "linux", feature = "parquet"))]
fn claiming_buffer(mut file: Vec<u8>) -> Vec<u8> {
    let at = file.windows(4).position(|bytes| bytes == [4, 34, 77, 24]).unwrap();
    file[at - 8..at].copy_from_slice(&10_000_000_000u64.to_le_bytes());
    file
}
