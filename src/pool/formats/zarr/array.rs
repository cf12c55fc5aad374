//! What an array's metadata says, whatever its version.

use half::{bf16, f16};
use serde_json::Value;

use super::keys::Keys;
use super::{version2, version3};
use crate::pool::Dtype;
use crate::pool::dense::Kind;
use crate::pool::formats::chunked::Codec;
use crate::pool::npy_header::descr;
use crate::pool::reason::Reason;

/// An array of a store.
pub(super) struct Array {
    pub shape: Vec<usize>,
    /// The sides of what a file holds: a chunk, or a shard of them.
    pub file: Vec<usize>,
    pub values: Values,
    /// The value in chunks that are not there, as it would be stored.
    pub fill: Vec<u8>,
    pub encoding: Encoding,
    pub shards: Option<Shards>,
    pub names: Names,
    /// Of one side, beside which a second one of 1 is counted.
    pub is_list: bool,
}

/// What the values of an array are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Numbers(Kind),
    Booleans,
    /// Strings of so many bytes.
    Narrow(usize),
    /// Strings of characters of four bytes each.
    Wide {
        bytes: usize,
        big_endian: bool,
    },
    /// Strings of any length, each behind its own in four bytes.
    Texts,
}

impl Values {
    /// Bytes of a value; of one of any length, the fewest.
    pub fn bytes(self) -> usize {
        match self {
            Values::Numbers(kind) => kind.bytes(),
            Values::Booleans => 1,
            Values::Narrow(bytes) | Values::Wide { bytes, .. } => bytes,
            Values::Texts => size_of::<u32>(),
        }
    }

    pub fn are_texts(self) -> bool {
        !matches!(self, Values::Numbers(_) | Values::Booleans)
    }

    /// Of values that a pool may have.
    pub fn kind(self) -> Result<Kind, Reason> {
        match self {
            Values::Numbers(kind) => Ok(kind),
            Values::Booleans => Ok(descr("|b1")?.0),
            _ => Err("holds strings; save a.astype(np.float32)".into()),
        }
    }
}

/// How a chunk is encoded.
#[derive(Default)]
pub(super) struct Encoding {
    pub fortran: bool,
    pub big_endian: bool,
    /// In the order in which they encode.
    pub codecs: Vec<Codec>,
}

/// Chunks in a file of many.
pub(super) struct Shards {
    pub chunk: Vec<usize>,
    /// The index lies before the chunks.
    pub index_first: bool,
    pub index_is_summed: bool,
}

/// How the files of chunks are called.
pub(super) struct Names {
    pub prefix: &'static str,
    pub separator: char,
}

impl Array {
    /// The array at `path` of a store.
    pub fn read(keys: &Keys, path: &str) -> Result<Array, Reason> {
        if let Some(metadata) = keys.metadata(path, "zarr.json")? {
            return version3::array(&metadata);
        }
        match keys.metadata(path, ".zarray")? {
            Some(metadata) => version2::array(&metadata),
            None => Err("has an array without metadata".into()),
        }
    }

    /// A list as an array of rows of one value.
    pub fn into_list(mut self) -> Array {
        if self.shape.len() == 1 {
            let chunk = self.shards.iter_mut().map(|shards| &mut shards.chunk);
            chunk.chain([&mut self.shape, &mut self.file]).for_each(|sides| sides.push(1));
            self.is_list = true;
        }
        self
    }

    /// The sides that count: an array (1, n, d) is one of n rows.
    pub fn rows_alone(&self) -> &[usize] {
        let ones = self.shape.iter().take_while(|&&side| side == 1).count();
        &self.shape[ones.min(self.shape.len().saturating_sub(2))..]
    }
}

/// A list of sides.
pub(super) fn sides(metadata: &Value, what: &str) -> Result<Vec<usize>, Reason> {
    let side = |side: &Value| side.as_u64().and_then(|side| usize::try_from(side).ok());
    let list = metadata.as_array().and_then(|sides| sides.iter().map(side).collect());
    list.ok_or_else(|| format!("has metadata whose {what} is no list of sides").into())
}

pub(super) fn text<'m>(metadata: &'m Value, field: &str) -> Result<&'m str, Reason> {
    metadata[field].as_str().ok_or_else(|| format!("has metadata without '{field}'").into())
}

/// A value of an array of `values` as it would be stored; zero where none is given, and of texts.
pub(super) fn fill(value: &Value, values: Values, big_endian: bool) -> Result<Vec<u8>, Reason> {
    let kind = match values {
        Values::Numbers(kind) => kind,
        Values::Booleans => return Ok(vec![u8::from(*value == Value::Bool(true))]),
        texts => return Ok(vec![0; texts.bytes()]),
    };
    let unknown = || Reason::from(format!("has the fill value {value}, which is none of its type"));
    let mut bytes = match (value, kind) {
        (Value::Null, _) => vec![0; kind.bytes()],
        (Value::String(text), Kind::Stored(dtype)) => match text.strip_prefix("0x") {
            Some(bits) => {
                let bits = u64::from_str_radix(bits, 16).map_err(|_| unknown())?;
                bits.to_le_bytes()[..dtype.bytes()].to_vec()
            }
            None => stored(named(text).ok_or_else(unknown)?, dtype),
        },
        (value, Kind::Stored(dtype)) => stored(value.as_f64().ok_or_else(unknown)?, dtype),
        (value, kind) => whole(value).ok_or_else(unknown)?.to_le_bytes()[..kind.bytes()].to_vec(),
    };
    if big_endian {
        bytes.reverse();
    }
    Ok(bytes)
}

/// A whole number in as many bytes as the largest has.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| Some(value.as_u64()?.cast_signed()))
}

fn named(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a value of that type is what was written")]
fn stored(value: f64, dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::F64 => value.to_le_bytes().to_vec(),
        Dtype::F32 => (value as f32).to_le_bytes().to_vec(),
        Dtype::F16 => f16::from_f64(value).to_le_bytes().to_vec(),
        Dtype::Bf16 => bf16::from_f64(value).to_le_bytes().to_vec(),
        Dtype::U8 => vec![value as u8],
        Dtype::I8 => (value as i8).to_le_bytes().to_vec(),
    }
}
