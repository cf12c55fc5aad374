//! Columns of an Arrow IPC file or stream, message by message; rows that are not compressed may stay in the file.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, StreamDecoder};
use arrow_ipc::{Block, FieldNode, Message, RecordBatch as Batch, root_as_footer, root_as_message};
use arrow_schema::{ArrowError, Schema};

use super::picked::Picked;
use super::piece::Piece;
use crate::memory::size_text;
use crate::pool::bytes::Store;
use crate::pool::formats::kept::Origin;
use crate::pool::reason::Reason;

const MAGIC: &[u8] = b"ARROW1";
/// No buffer shrinks more: zstd keeps a block of 128 KiB in 4 bytes at least.
const COMPRESSION_RATIO: usize = 1 << 15;

/// The columns that `pick` chooses, batch by batch: each is given to `each` before the next is read. A batch may take `most` bytes once it
/// is decoded. A file is read by its footer, which has its schema and says where its batches are; a stream message by message.
pub(super) fn column<P>(
    file: &Store<'static>,
    most: u64,
    pick: impl Fn(&Schema) -> Result<Picked, Reason>,
    piece: impl Piece<P>,
    mut each: impl FnMut(P, &Stored) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let (mut picked, mut first_row) = (None, 0);
    let mut take = |batch: RecordBatch, message: &Stored| {
        let picked = match &mut picked {
            Some(picked) => picked,
            none => none.insert(pick(batch.schema_ref())?),
        };
        let rows = batch.num_rows();
        let columns = picked.roots.iter().map(|&root| Arc::clone(batch.column(root))).collect();
        drop(batch);
        each(piece(picked, columns, first_row)?, message)?;
        first_row += rows;
        Ok(())
    };
    match footer(file)? {
        Some((footer, end)) => blocks(file, &footer, end, most, &mut take),
        None => messages(file, most, &mut take),
    }
}

/// The batches of a file, in the order of its footer, which lies behind `end`.
fn blocks(
    file: &Store<'static>,
    footer: &[u8],
    end: usize,
    most: u64,
    take: &mut dyn FnMut(RecordBatch, &Stored) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let damaged = || Reason::from("has a footer that cannot be read: truncated?");
    let footer = root_as_footer(footer).map_err(|_| damaged())?;
    let schema = try_fb_to_schema(footer.schema().ok_or_else(damaged)?).map_err(refused)?;
    let mut decoder = FileDecoder::new(Arc::new(schema), footer.version());
    for block in footer.dictionaries().iter().flatten() {
        let message = Stored::block(file, block, end, most)?;
        decoder.read_dictionary(block, &message.bytes).map_err(refused)?;
    }
    for block in footer.recordBatches().iter().flatten() {
        let message = Stored::block(file, block, end, most)?;
        if let Some(batch) = decoder.read_record_batch(block, &message.bytes).map_err(refused)? {
            take(batch, &message)?;
        }
    }
    Ok(())
}

/// The batches of a stream.
fn messages(
    file: &Store<'static>,
    most: u64,
    take: &mut dyn FnMut(RecordBatch, &Stored) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let (mut at, end) = (0, file.length());
    let mut decoder = StreamDecoder::new();
    while let Some(message) = Stored::next(file, at, end, most)? {
        at += message.bytes.len();
        let mut rest = message.bytes.clone();
        while let Some(batch) = decoder.decode(&mut rest).map_err(refused)? {
            take(batch, &message)?;
        }
    }
    decoder.finish().map_err(refused)
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

    /// The message of a `block` of a footer. What the decoder would panic at is refused.
    fn block<'f>(
        file: &'f Store<'static>,
        block: &Block,
        end: usize,
        most: u64,
    ) -> Result<Stored<'f>, Reason> {
        let beyond = || Reason::from("has a footer whose batches reach past the end of the file");
        let number = |number: i64| usize::try_from(number).map_err(|_| beyond());
        let (start, head) = (number(block.offset())?, number(block.metaDataLength().into())?);
        let body = number(block.bodyLength())?;
        let body_start = start.checked_add(head).ok_or_else(beyond)?;
        let length = head.checked_add(body).ok_or_else(beyond)?;
        if body_start.checked_add(body).is_none_or(|body_end| body_end > end) {
            return Err(beyond());
        }
        let metadata = file.part(start, head)?;
        // Behind its length, and since version 0.15 a mark before that.
        let prefix = if metadata.starts_with(&[0xff; 4]) { 8 } else { 4 };
        let message = metadata.get(prefix..).map(root_as_message);
        let Some(Ok(message)) = message else {
            return Err("has a footer that points at no message".into());
        };
        if let Some(batch) = batch_of(&message) {
            check_buffers(batch, file, body_start, body, most)?;
        }
        let mut bytes = MutableBuffer::from_len_zeroed(length);
        file.read(start, &mut bytes)?;
        Ok(Stored { file, start, bytes: bytes.into() })
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
    if let Some(batch) = batch_of(&message) {
        check_buffers(batch, file, body, length, most)?;
    }
    Ok(Some(before + size + length))
}

/// The batch in a message, of rows or of a dictionary.
fn batch_of<'m>(message: &Message<'m>) -> Option<Batch<'m>> {
    let dictionary = || message.header_as_dictionary_batch()?.data();
    message.header_as_record_batch().or_else(dictionary)
}

/// The footer of a file, and where it begins; none of a stream.
fn footer(file: &Store) -> Result<Option<(Vec<u8>, usize)>, Reason> {
    let head = file.part(0, MAGIC.len())?;
    if head.starts_with(b"FEA1") {
        return Err("is in the first version of Feather; write it again with version 2".into());
    }
    if !head.starts_with(MAGIC) {
        return Ok(None);
    }
    let truncated = || Reason::from("does not end as an Arrow file does: truncated?");
    let tail_start = file.length().checked_sub(4 + MAGIC.len()).ok_or_else(truncated)?;
    let tail = file.part(tail_start, 4 + MAGIC.len())?;
    let length = tail.strip_suffix(MAGIC).and_then(|tail| tail.first_chunk());
    let length = u32::from_le_bytes(*length.ok_or_else(truncated)?);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let start = tail_start.checked_sub(length).filter(|&start| start >= 8).ok_or_else(truncated)?;
    Ok(Some((file.part(start, length)?.to_vec(), start)))
}

/// The decoder panics at buffers outside their message and at absurd numbers of rows, and allocates what a compressed buffer claims to
/// hold: of all columns at once, which may be `most` bytes. The body lies at `body` of `file`, for `length` bytes.
fn check_buffers(
    batch: Batch,
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

fn refused(error: ArrowError) -> Reason {
    format!("cannot be read as Arrow: {error}").into()
}
