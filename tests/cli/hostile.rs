//! Files that lie about what they hold: one line, exit code 1, and no more memory than an honest file takes.

use std::fs;

use crate::folder::Folder;

/// The decoder of byte-stream-split pages panics at one that is too short; only the error is told.
#[cfg(feature = "parquet")]
#[test]
fn a_panic_of_a_decoder_is_told_once() {
    let folder = Folder::new();
    fs::write(folder.path("short.parquet"), short_byte_stream_split()).unwrap();
    let line = "error: short.parquet: is damaged: decoding failed";
    for words in ["select short.parquet -k 1", "plan short.parquet -k 1 --threads 1"] {
        folder.run(words).fails(1, line);
    }
}

/// 64 rows of eight values, whose page begins its values four bytes too late.
#[cfg(feature = "parquet")]
fn short_byte_stream_split() -> Vec<u8> {
    use std::sync::Arc;

    use arrow_array::types::Float32Type;
    use arrow_array::{ArrayRef, FixedSizeListArray, RecordBatch};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::Encoding;
    use parquet::file::properties::WriterProperties;

    let rows = (0..64)
        .map(|row| Some((0..8).map(move |j| Some((row * 8 + j) as f32)).collect::<Vec<_>>()));
    let lists = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 8);
    let batch = RecordBatch::try_from_iter([("v", Arc::new(lists) as ArrayRef)]).unwrap();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::BYTE_STREAM_SPLIT);
    let mut writer =
        ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(&batch).unwrap();
    let mut file = writer.into_inner().unwrap();
    // Definition levels: their length in bytes, then a run of 512 equal ones. Longer by 4, they leave too few values.
    let run = [3, 0, 0, 0, 0x80, 8];
    let at = file.windows(run.len()).position(|bytes| bytes == run).unwrap();
    file[at] += 4;
    file
}
