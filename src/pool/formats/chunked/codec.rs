//! What a chunk is encoded by, one step after another, and how it is decoded.

use std::io::Read;

use flate2::bufread::{GzDecoder, ZlibDecoder};

use super::{blosc, checksums, matches, shuffle};
use crate::pool::reason::Reason;

/// Bytes of a chunk that alone knows how many it decodes to, at most.
const MOST_BYTES: usize = 1 << 30;

/// A step of encoding, from bytes to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool::formats) enum Codec {
    Zlib,
    Gzip,
    Zstd,
    /// The length first, then one block.
    Lz4,
    Lzf,
    Blosc,
    /// The bytes of values of so many, each to its like.
    Shuffle(usize),
    Fletcher32,
    Crc32c,
}

impl Codec {
    fn is_checksum(self) -> bool {
        matches!(self, Codec::Fletcher32 | Codec::Crc32c)
    }

    /// How many times larger decoded bytes are, at most.
    pub fn ratio(self) -> u64 {
        match self {
            // 258 bytes by a code of 2 bits.
            Codec::Zlib | Codec::Gzip => 1032,
            // A block of 128 KiB in 4 bytes at least.
            Codec::Zstd | Codec::Blosc => 1 << 15,
            Codec::Lz4 | Codec::Lzf => 256,
            Codec::Shuffle(_) | Codec::Fletcher32 | Codec::Crc32c => 1,
        }
    }

    /// `bytes` without the checksum behind them, which must be theirs.
    pub fn checked(self, bytes: &[u8]) -> Result<&[u8], Reason> {
        let sum = if self == Codec::Crc32c { checksums::crc32c } else { checksums::fletcher32 };
        match bytes.split_last_chunk() {
            Some((bytes, said)) if sum(bytes) == u32::from_le_bytes(*said) => Ok(bytes),
            _ => Err("has a chunk whose checksum is another: it is damaged".into()),
        }
    }

    /// Decode `bytes` into `out`, which they must fill.
    fn decode(self, bytes: &[u8], out: &mut [u8]) -> Result<(), Reason> {
        match self {
            Codec::Zlib => zlib(bytes, out),
            Codec::Gzip => read(GzDecoder::new(bytes), out),
            Codec::Zstd => zstd(bytes, out),
            Codec::Lz4 => lz4(bytes.get(4..).unwrap_or_default(), out),
            Codec::Lzf => filled(matches::lzf(bytes, out), out.len()),
            Codec::Blosc => blosc::decode(bytes, out),
            Codec::Shuffle(size) => {
                filled(Some(bytes.len()), out.len())?;
                shuffle::bytes(size, bytes, out);
                Ok(())
            }
            Codec::Fletcher32 | Codec::Crc32c => copy(self.checked(bytes)?, out),
        }
    }
}

impl Codec {
    /// What `bytes` decode to.
    fn decode_any(self, bytes: &[u8]) -> Result<Vec<u8>, Reason> {
        let length = match self {
            Codec::Zlib => return all_of(ZlibDecoder::new(bytes)),
            Codec::Gzip => return all_of(GzDecoder::new(bytes)),
            Codec::Zstd => return all_of(zstd::Decoder::new(bytes).map_err(|_| damaged())?),
            Codec::Fletcher32 | Codec::Crc32c => return Ok(self.checked(bytes)?.to_vec()),
            Codec::Lz4 => lz4_length(bytes),
            Codec::Blosc => blosc::length(bytes),
            Codec::Shuffle(_) => Some(bytes.len()),
            Codec::Lzf => None,
        };
        let length = length.ok_or_else(damaged)?;
        if length > MOST_BYTES || length as u64 > self.ratio().saturating_mul(bytes.len() as u64) {
            return Err(too_large());
        }
        let mut out = vec![0; length];
        self.decode(bytes, &mut out)?;
        Ok(out)
    }
}

fn lz4_length(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes.first_chunk()?)).ok()
}

/// All that `stream` decodes to.
fn all_of(stream: impl Read) -> Result<Vec<u8>, Reason> {
    let mut out = Vec::new();
    stream.take(MOST_BYTES as u64 + 1).read_to_end(&mut out).map_err(|_| damaged())?;
    if out.len() > MOST_BYTES { Err(too_large()) } else { Ok(out) }
}

fn too_large() -> Reason {
    format!("has a chunk of more than {} MiB: save it in smaller chunks", MOST_BYTES >> 20).into()
}

/// Decode `stored` into `out`, which it must fill, by `steps` in the order in which they are undone.
pub(super) fn decode(steps: &[Codec], stored: &[u8], out: &mut [u8]) -> Result<(), Reason> {
    let Some((&step, rest)) = steps.split_first() else { return copy(stored, out) };
    if step.is_checksum() {
        return decode(rest, step.checked(stored)?, out);
    }
    if rest.is_empty() {
        return step.decode(stored, out);
    }
    let sums = rest.iter().filter(|step| step.is_checksum()).count();
    let mut between = vec![0; out.len() + sums * size_of::<u32>()];
    step.decode(stored, &mut between)?;
    decode(rest, &between, out)
}

/// What `stored` decodes to, by `codecs` in the order in which they encoded it. Only it knows its length, of which there is a most.
#[cfg_attr(not(feature = "zarr"), allow(dead_code, reason = "Zarr alone has such chunks"))]
pub(in crate::pool::formats) fn decode_all(
    codecs: &[Codec],
    stored: &[u8],
) -> Result<Vec<u8>, Reason> {
    let mut bytes = stored.to_vec();
    for codec in codecs.iter().rev() {
        bytes = codec.decode_any(&bytes)?;
    }
    Ok(bytes)
}

fn copy(bytes: &[u8], out: &mut [u8]) -> Result<(), Reason> {
    filled(Some(bytes.len()), out.len())?;
    out.copy_from_slice(bytes);
    Ok(())
}

/// Whether decoding gave `length` bytes.
fn filled(decoded: Option<usize>, length: usize) -> Result<(), Reason> {
    match decoded {
        Some(decoded) if decoded == length => Ok(()),
        Some(decoded) => {
            Err(format!("has a chunk of {decoded} bytes that must be of {length}").into())
        }
        None => Err(damaged()),
    }
}

pub(super) fn damaged() -> Reason {
    "has a chunk that cannot be decoded: it is damaged".into()
}

/// All of `stream`, which must fill `out` and end there.
fn read(mut stream: impl Read, out: &mut [u8]) -> Result<(), Reason> {
    let mut held = 0;
    while held < out.len() {
        match stream.read(&mut out[held..]).map_err(|_| damaged())? {
            0 => return filled(Some(held), out.len()),
            read => held += read,
        }
    }
    // One more read meets the end, and a checksum.
    match stream.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => {
            Err(format!("has a chunk of more than the {held} bytes that it must be of").into())
        }
        Err(_) => Err(damaged()),
    }
}

pub(super) fn zlib(bytes: &[u8], out: &mut [u8]) -> Result<(), Reason> {
    read(ZlibDecoder::new(bytes), out)
}

pub(super) fn zstd(bytes: &[u8], out: &mut [u8]) -> Result<(), Reason> {
    let length = out.len();
    filled(zstd::bulk::decompress_to_buffer(bytes, out).ok(), length)
}

pub(super) fn lz4(bytes: &[u8], out: &mut [u8]) -> Result<(), Reason> {
    let length = out.len();
    filled(lz4_flex::block::decompress_into(bytes, out).ok(), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_undone_one_after_another() {
        let values: Vec<u8> = (0..40).collect();
        let mut shuffled = vec![0; 40];
        for (at, &byte) in values.iter().enumerate() {
            shuffled[at % 4 * 10 + at / 4] = byte;
        }
        let sum = checksums::crc32c(&shuffled).to_le_bytes();
        let stored = [&shuffled[..], &sum].concat();
        let mut out = vec![0; 40];
        decode(&[Codec::Crc32c, Codec::Shuffle(4)], &stored, &mut out).unwrap();
        assert_eq!(out, values);
        let told = decode(&[Codec::Crc32c], &shuffled, &mut out).unwrap_err();
        assert_eq!(told, "has a chunk whose checksum is another: it is damaged");
        let told = decode(&[], &stored, &mut out).unwrap_err();
        assert_eq!(told, "has a chunk of 44 bytes that must be of 40");
    }
}
