//! One column of an Arrow IPC file or stream, message by message; rows that are not compressed may stay in the file.

use std::sync::Arc;

use arrow_buffer::{Buffer, MutableBuffer};
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{FieldNode, RecordBatch, root_as_message};
use arrow_schema::{ArrowError, Schema};

use super::super::bytes::Store;
use super::super::reason::Reason;
use super::kept::Origin;
use super::piece::Piece;
use crate::memory::size_text;

const MAGIC: &[u8] = b"ARROW1";
/// Bytes in which the magic number and its padding end.
const HEAD: usize = 1 << 10;
/// No buffer shrinks more: zstd keeps a block of 128 KiB in 4 bytes at least.
const COMPRESSION_RATIO: usize = 1 << 15;

/// The column that `pick` chooses, batch by batch: each is given to `each` before the next is read. A batch may take `most` bytes once it
/// is decoded.
pub(super) fn column<P>(
    file: &Store<'static>,
    most: u64,
    pick: impl Fn(&Schema) -> Result<usize, Reason>,
    piece: impl Piece<P>,
    mut each: impl FnMut(P, &Stored) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let (mut at, end) = stream(file)?;
    let (mut decoder, mut index, mut first_row) = (StreamDecoder::new(), None, 0);
    while let Some(message) = Stored::next(file, at, end, most)? {
        at += message.bytes.len();
        let mut rest = message.bytes.clone();
        while let Some(batch) = decoder.decode(&mut rest).map_err(damaged)? {
            let index = match index {
                Some(index) => index,
                None => *index.insert(pick(batch.schema_ref())?),
            };
            let rows = batch.num_rows();
            let column = Arc::clone(batch.column(index));
            drop(batch);
            each(piece(column, first_row)?, &message)?;
            first_row += rows;
        }
    }
    decoder.finish().map_err(damaged)
}

/// A message, read into memory.
pub(super) struct Stored<'f> {
    file: &'f Store<'static>,
    /// Byte of the file at which it begins.
    start: usize,
    bytes: Buffer,
}

impl Stored<'_> {
    /// The message at byte `at` of `file`, whose messages end at `end`; none at the end. What the decoder would panic at is refused.
    fn next<'f>(
        file: &'f Store<'static>,
        at: usize,
        end: usize,
        most: u64,
    ) -> Result<Option<Stored<'f>>, Reason> {
        if at >= end {
            return Ok(None);
        }
        let length = match length(file, at, end, most)? {
            Some(length) => length,
            // The decoder will refuse it, or takes it for the end.
            None => (end - at).min(UNREADABLE),
        };
        let mut bytes = MutableBuffer::from_len_zeroed(length);
        file.read(at, &mut bytes)?;
        Ok(Some(Stored { file, start: at, bytes: bytes.into() }))
    }

    /// Where in the file `values` lie, if they are a part of this message and the file is on disk.
    pub fn origin(&self, values: &[u8]) -> Option<Origin> {
        let Store::File(file) = self.file else { return None };
        let (values, bytes) = (values.as_ptr_range(), self.bytes.as_slice().as_ptr_range());
        let offset = values.start.addr().checked_sub(bytes.start.addr())?;
        (values.end <= bytes.end).then(|| (Arc::clone(file), self.start + offset))
    }
}

/// Bytes given to the decoder of what is no message.
const UNREADABLE: usize = 1 << 16;

/// The length of the message at `at`, its body included; none at the end or where the decoder will refuse.
fn length(file: &Store, at: usize, end: usize, most: u64) -> Result<Option<usize>, Reason> {
    let prefix = file.part(at, 8)?;
    let Some((mut size, rest)) = prefix.split_first_chunk::<4>() else { return Ok(None) };
    let mut before = 4;
    if *size == [0xff; 4] {
        let Some((after, _)) = rest.split_first_chunk() else { return Ok(None) };
        (size, before) = (after, 8);
    }
    let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
    if size == 0 || size > end - at {
        return Ok(None);
    }
    let metadata = file.part(at + before, size)?;
    let Ok(message) = root_as_message(&metadata) else { return Ok(None) };
    let body = at + before + size;
    let Ok(length) = usize::try_from(message.bodyLength()) else { return Ok(None) };
    if body.checked_add(length).is_none_or(|body_end| body_end > end) {
        return Ok(None);
    }
    let dictionary = || message.header_as_dictionary_batch()?.data();
    if let Some(batch) = message.header_as_record_batch().or_else(dictionary) {
        check_buffers(batch, file, body, length, most)?;
    }
    Ok(Some(before + size + length))
}

/// Where in the file the stream of messages lies: an IPC file is one between a magic number and a footer.
fn stream(file: &Store) -> Result<(usize, usize), Reason> {
    let length = file.length();
    let head = file.part(0, HEAD)?;
    if head.starts_with(b"FEA1") {
        return Err("is in the first version of Feather; write it again with version 2".into());
    }
    if !head.starts_with(MAGIC) {
        return Ok((0, length));
    }
    let truncated = || Reason::from("does not end as an Arrow file does: truncated?");
    let tail_start = length.checked_sub(4 + MAGIC.len()).ok_or_else(truncated)?;
    let tail = file.part(tail_start, 4 + MAGIC.len())?;
    let footer = tail.strip_suffix(MAGIC).and_then(|tail| tail.first_chunk());
    let footer = u32::from_le_bytes(*footer.ok_or_else(truncated)?);
    let footer = usize::try_from(footer).unwrap_or(usize::MAX);
    let end = tail_start.checked_sub(footer).filter(|&end| end >= 8).ok_or_else(truncated)?;
    // The magic number is padded, to 8 bytes or to 64, with zeros; a message begins with its length, which is none.
    let padding = head[8..end.min(head.len())].chunks(8);
    let padding = padding.take_while(|word| word.iter().all(|&byte| byte == 0)).count();
    Ok(((8 + 8 * padding).min(end), end))
}

/// The decoder panics at buffers outside their message and at absurd numbers of rows, and allocates what a compressed buffer claims to
/// hold: of all columns at once, which may be `most` bytes. The body lies at `body` of `file`, for `length` bytes.
fn check_buffers(
    batch: RecordBatch,
    file: &Store,
    body: usize,
    length: usize,
    most: u64,
) -> Result<(), Reason> {
    // Times the length of a list, an i32, no length may overflow.
    let nodes = batch.nodes();
    let mut lengths = nodes.iter().flatten().map(FieldNode::length).chain([batch.length()]);
    if let Some(length) = lengths.find(|&length| u32::try_from(length).is_err()) {
        return Err(format!("claims a batch of {length} rows").into());
    }
    let mut claimed = length as u64;
    for buffer in batch.buffers().iter().flatten() {
        let (start, packed) = (usize::try_from(buffer.offset()), usize::try_from(buffer.length()));
        let (Ok(start), Ok(packed)) = (start, packed) else { return Err(beyond()) };
        let end = start.checked_add(packed).ok_or_else(beyond)?;
        if end > length {
            return Err(beyond());
        }
        if batch.compression().is_some() {
            claimed =
                claimed.saturating_add(claim(&file.part(body + start, packed.min(8))?, packed)?);
        }
    }
    if claimed > most {
        let [claimed, most] = [claimed, most].map(size_text);
        return Err(format!(
            "a record batch takes {claimed} once it is read, but there is room for {most} in memory: write it in smaller batches"
        )
        .into());
    }
    Ok(())
}

/// What a compressed buffer of `length` bytes claims to hold, which it begins with.
fn claim(packed: &[u8], length: usize) -> Result<u64, Reason> {
    let claimed = packed.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
    let Ok(claimed) = usize::try_from(claimed) else { return Ok(0) };
    if claimed / COMPRESSION_RATIO > length {
        let reason = format!("a buffer claims {claimed} bytes in {length} compressed ones");
        return Err(reason.into());
    }
    Ok(claimed as u64)
}

fn beyond() -> Reason {
    "a buffer reaches past the end of its message".into()
}

fn damaged(error: ArrowError) -> Reason {
    format!("cannot be read as Arrow: {error}").into()
}
