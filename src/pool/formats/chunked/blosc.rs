//! Buffers of Blosc, version 1: blocks that are compressed each by itself, with bytes or bits shuffled before.

use super::codec::{damaged, lz4, zlib, zstd};
use super::{matches, shuffle};
use crate::pool::reason::Reason;

const HEADER_BYTES: usize = 16;
/// Blocks of values of more bytes, and of fewer values than these, are one stream; others have one for each byte of a value.
const MOST_STREAMS: usize = 16;
const LEAST_STREAM: usize = 128;

/// What the header says.
struct Header {
    is_byte_shuffled: bool,
    is_copy: bool,
    is_bit_shuffled: bool,
    is_one_stream: bool,
    compressor: u8,
    value_bytes: usize,
    length: usize,
    block: usize,
}

impl Header {
    fn parse(buffer: &[u8]) -> Result<Header, Reason> {
        let Some(&[version, _, flags, value_bytes, ref sizes @ ..]) =
            buffer.first_chunk::<HEADER_BYTES>()
        else {
            return Err(damaged());
        };
        if version > 2 {
            return Err(format!("has chunks of Blosc's format {version}; 1 and 2 are known").into());
        }
        let number = |at: usize| number(sizes, at).unwrap_or_default();
        Ok(Header {
            is_byte_shuffled: flags & 1 != 0,
            is_copy: flags & 2 != 0,
            is_bit_shuffled: flags & 4 != 0,
            is_one_stream: flags & 16 != 0,
            compressor: flags >> 5,
            value_bytes: usize::from(value_bytes).max(1),
            length: number(0),
            block: number(4),
        })
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

/// Bytes that `buffer` decodes to.
pub(super) fn length(buffer: &[u8]) -> Option<usize> {
    Header::parse(buffer).ok().map(|header| header.length)
}

/// Decode `buffer` into `out`, which it must fill.
pub(super) fn decode(buffer: &[u8], out: &mut [u8]) -> Result<(), Reason> {
    let header = Header::parse(buffer)?;
    if header.length != out.len() {
        return Err(format!(
            "has a chunk of {} bytes that must be of {}",
            header.length,
            out.len()
        )
        .into());
    }
    if header.is_copy {
        let bytes = buffer[HEADER_BYTES..].get(..out.len()).ok_or_else(damaged)?;
        out.copy_from_slice(bytes);
        return Ok(());
    }
    if header.block == 0 {
        return if out.is_empty() { Ok(()) } else { Err(damaged()) };
    }
    let mut between = vec![0; header.block.min(out.len())];
    for (at, out) in out.chunks_mut(header.block).enumerate() {
        let start = number(buffer, HEADER_BYTES + 4 * at).ok_or_else(damaged)?;
        let streams = buffer.get(start..).ok_or_else(damaged)?;
        block(&header, streams, &mut between, out)?;
    }
    Ok(())
}

/// Decode the block whose `streams` begin there into `out`.
fn block(
    header: &Header,
    streams: &[u8],
    between: &mut [u8],
    out: &mut [u8],
) -> Result<(), Reason> {
    let size = header.value_bytes;
    let between = &mut between[..out.len()];
    if header.is_byte_shuffled && size > 1 {
        inflate(header, streams, between)?;
        shuffle::bytes(size, between, out);
    } else if header.is_bit_shuffled && out.len() >= size {
        inflate(header, streams, between)?;
        shuffle::bits(size, between, out);
    } else {
        inflate(header, streams, out)?;
    }
    Ok(())
}

/// Decompress the streams of a block, each behind its length.
fn inflate(header: &Header, mut streams: &[u8], out: &mut [u8]) -> Result<(), Reason> {
    let (size, is_whole) = (header.value_bytes, out.len() == header.block);
    let is_split = !header.is_one_stream
        && size <= MOST_STREAMS
        && out.len() / size >= LEAST_STREAM
        && is_whole;
    let stream_bytes = if is_split { out.len() / size } else { out.len() };
    for out in out.chunks_mut(stream_bytes) {
        let length = number(streams, 0).ok_or_else(damaged)?;
        let stream = streams[4..].get(..length).ok_or_else(damaged)?;
        streams = &streams[4 + length..];
        match header.compressor {
            _ if length == out.len() => out.copy_from_slice(stream),
            0 if matches::blosc_lz(stream, out) == Some(out.len()) => {}
            1 => lz4(stream, out)?,
            3 => zlib(stream, out)?,
            4 => zstd(stream, out)?,
            2 => return Err("has chunks of Blosc with snappy; write it again with zstd".into()),
            _ => return Err(damaged()),
        }
    }
    Ok(())
}
