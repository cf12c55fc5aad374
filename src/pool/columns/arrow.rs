//! One column of an Arrow IPC file or stream, mapped where it is not compressed.

use std::sync::Arc;

use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{FieldNode, Message, RecordBatch, root_as_message};
use arrow_schema::{ArrowError, Schema};

use super::super::bytes::Bytes;
use super::super::reason::Reason;
use super::piece::Piece;

const MAGIC: &[u8] = b"ARROW1";
/// No buffer shrinks more: zstd keeps a block of 128 KiB in 4 bytes at least.
const COMPRESSION_RATIO: usize = 1 << 15;

/// The column that `pick` chooses, batch by batch.
pub(super) fn column<P>(
    bytes: Bytes<'static>,
    pick: impl Fn(&Schema) -> Result<usize, Reason>,
    piece: impl Piece<P>,
) -> Result<Vec<P>, Reason> {
    let file = Buffer::from(bytes::Bytes::from_owner(bytes));
    let (start, end) = stream(&file)?;
    check_claims(&file[start..end])?;
    let mut rest = file.slice_with_length(start, end - start);
    let (mut decoder, mut index, mut first_row, mut pieces) =
        (StreamDecoder::new(), None, 0, Vec::new());
    while let Some(batch) = decoder.decode(&mut rest).map_err(damaged)? {
        let index = match index {
            Some(index) => index,
            None => *index.insert(pick(batch.schema_ref())?),
        };
        let rows = batch.num_rows();
        pieces.push(piece(Arc::clone(batch.column(index)), first_row)?);
        first_row += rows;
    }
    decoder.finish().map_err(damaged)?;
    Ok(pieces)
}

/// Where in the file the stream of messages lies: an IPC file is one between a magic number and a footer.
fn stream(file: &[u8]) -> Result<(usize, usize), Reason> {
    if file.starts_with(b"FEA1") {
        return Err("is in the first version of Feather; write it again with version 2".into());
    }
    if !file.starts_with(MAGIC) {
        return Ok((0, file.len()));
    }
    let truncated = || Reason::from("does not end as an Arrow file does: truncated?");
    let body = file.strip_suffix(MAGIC).ok_or_else(truncated)?;
    let (body, footer) = body.split_last_chunk().ok_or_else(truncated)?;
    let footer = usize::try_from(u32::from_le_bytes(*footer)).unwrap_or(usize::MAX);
    let end = body.len().checked_sub(footer).filter(|&end| end >= 8).ok_or_else(truncated)?;
    // The magic number is padded, to 8 bytes or to 64, with zeros; a message begins with its length, which is none.
    let padding = body[8..end].chunks(8).take_while(|word| word.iter().all(|&byte| byte == 0));
    Ok(((8 + 8 * padding.count()).min(end), end))
}

/// The decoder panics at buffers outside their message and at absurd numbers of rows, and allocates what a compressed
/// buffer claims to hold.
fn check_claims(mut stream: &[u8]) -> Result<(), Reason> {
    while let Some((message, body, rest)) = next_message(stream) {
        let dictionary = || message.header_as_dictionary_batch()?.data();
        if let Some(batch) = message.header_as_record_batch().or_else(dictionary) {
            check_buffers(batch, body)?;
        }
        stream = rest;
    }
    Ok(())
}

/// The first message, its body, and what follows; `None` at the end or where the decoder will refuse.
fn next_message(stream: &[u8]) -> Option<(Message<'_>, &[u8], &[u8])> {
    let (mut size, mut rest) = stream.split_first_chunk()?;
    if *size == [0xff; 4] {
        (size, rest) = rest.split_first_chunk()?;
    }
    let size = usize::try_from(u32::from_le_bytes(*size)).ok().filter(|&size| size > 0)?;
    let (message, rest) = rest.split_at_checked(size)?;
    let message = root_as_message(message).ok()?;
    let (body, rest) = rest.split_at_checked(usize::try_from(message.bodyLength()).ok()?)?;
    Some((message, body, rest))
}

fn check_buffers(batch: RecordBatch, body: &[u8]) -> Result<(), Reason> {
    // Times the length of a list, an i32, no length may overflow.
    let nodes = batch.nodes();
    let mut lengths = nodes.iter().flatten().map(FieldNode::length).chain([batch.length()]);
    if let Some(length) = lengths.find(|&length| u32::try_from(length).is_err()) {
        return Err(format!("claims a batch of {length} rows").into());
    }
    for buffer in batch.buffers().iter().flatten() {
        let (start, length) = (usize::try_from(buffer.offset()), usize::try_from(buffer.length()));
        let (Ok(start), Ok(length)) = (start, length) else { return Err(beyond()) };
        let end = start.checked_add(length).ok_or_else(beyond)?;
        let stored = body.get(start..end).ok_or_else(beyond)?;
        if batch.compression().is_some() {
            check_claim(stored)?;
        }
    }
    Ok(())
}

/// A compressed buffer begins with its length before compression.
fn check_claim(packed: &[u8]) -> Result<(), Reason> {
    let length = packed.len();
    let claimed = packed.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
    if usize::try_from(claimed).is_ok_and(|claimed| claimed / COMPRESSION_RATIO > length) {
        let reason = format!("a buffer claims {claimed} bytes in {length} compressed ones");
        return Err(reason.into());
    }
    Ok(())
}

fn beyond() -> Reason {
    "a buffer reaches past the end of its message".into()
}

fn damaged(error: ArrowError) -> Reason {
    format!("cannot be read as Arrow: {error}").into()
}
