//! Metadata of version 3, as zarr-python 3 writes it.

use serde_json::Value;

use super::array::{Array, Encoding, Names, Shards, Values, fill, sides};
use super::version2::unread;
use crate::pool::Dtype;
use crate::pool::dense::Kind;
use crate::pool::formats::chunked::Codec;
use crate::pool::reason::Reason;

pub(super) fn array(metadata: &Value) -> Result<Array, Reason> {
    let mut values = values(&metadata["data_type"])?;
    let grid = &metadata["chunk_grid"];
    if grid["name"] != "regular" {
        return Err("has chunks that are not all of one shape: save it again".into());
    }
    let shape = sides(&metadata["shape"], "shape")?;
    let steps = metadata["codecs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (mut encoding, shards) = match steps {
        [shards] if name(shards) == Some("sharding_indexed") => {
            let within = shards["configuration"]["codecs"].as_array();
            let within = within.map(Vec::as_slice).unwrap_or_default();
            (encoding(within, shape.len(), values)?, Some(sharding(&shards["configuration"])?))
        }
        steps => (encoding(steps, shape.len(), values)?, None),
    };
    if let Values::Wide { big_endian, .. } = &mut values {
        // Of the characters, not of a string.
        *big_endian = std::mem::take(&mut encoding.big_endian);
    }
    Ok(Array {
        file: sides(&grid["configuration"]["chunk_shape"], "chunk_shape")?,
        fill: fill(&metadata["fill_value"], values, encoding.big_endian)?,
        names: names(&metadata["chunk_key_encoding"])?,
        shape,
        values,
        encoding,
        shards,
        is_list: false,
    })
}

fn values(data_type: &Value) -> Result<Values, Reason> {
    let name = data_type.as_str().or_else(|| data_type["name"].as_str());
    let length = data_type["configuration"]["length_bytes"].as_u64();
    let length = length.and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|&length| length > 0);
    let width = || length.ok_or("holds strings of no characters");
    Ok(Values::Numbers(match name.unwrap_or_default() {
        "bool" => return Ok(Values::Booleans),
        "string" => return Ok(Values::Texts),
        "null_terminated_bytes" => return Ok(Values::Narrow(width()?)),
        "fixed_length_utf32" => {
            return Ok(Values::Wide { bytes: width()?.next_multiple_of(4), big_endian: false });
        }
        "float64" => Kind::Stored(Dtype::F64),
        "float32" => Kind::Stored(Dtype::F32),
        "float16" => Kind::Stored(Dtype::F16),
        "bfloat16" => Kind::Stored(Dtype::Bf16),
        "uint8" => Kind::Stored(Dtype::U8),
        "int8" => Kind::Stored(Dtype::I8),
        "int16" => Kind::Signed(2),
        "int32" => Kind::Signed(4),
        "int64" => Kind::Signed(8),
        "uint16" => Kind::Unsigned(2),
        "uint32" => Kind::Unsigned(4),
        "uint64" => Kind::Unsigned(8),
        other => return Err(format!("holds {other} values; save a.astype(np.float32)").into()),
    }))
}

fn name(codec: &Value) -> Option<&str> {
    codec.as_str().or_else(|| codec["name"].as_str())
}

/// From values to bytes, then from bytes to bytes.
fn encoding(steps: &[Value], sides: usize, values: Values) -> Result<Encoding, Reason> {
    let mut encoding = Encoding::default();
    for step in steps {
        let (name, said) = (name(step).unwrap_or_default(), &step["configuration"]);
        let codec = match name {
            "bytes" => {
                encoding.big_endian = said["endian"] == "big" && values.bytes() > 1;
                continue;
            }
            "vlen-utf8" if values == Values::Texts => continue,
            "transpose" => {
                encoding.fortran = is_transposed(&said["order"], sides)?;
                continue;
            }
            "gzip" => Codec::Gzip,
            "zstd" => Codec::Zstd,
            "blosc" => Codec::Blosc,
            "crc32c" => Codec::Crc32c,
            "numcodecs.zlib" => Codec::Zlib,
            "numcodecs.lz4" => Codec::Lz4,
            other => return Err(unread(other)),
        };
        encoding.codecs.push(codec);
    }
    Ok(encoding)
}

/// Whether values lie by columns, given the order of the sides.
fn is_transposed(order: &Value, count: usize) -> Result<bool, Reason> {
    let order = sides(order, "order")?;
    if order.iter().copied().eq(0..count) {
        return Ok(false);
    }
    match count == 2 && order == [1, 0] {
        true => Ok(true),
        false => Err(unread("transpose")),
    }
}

fn sharding(said: &Value) -> Result<Shards, Reason> {
    let index = said["index_codecs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let index: Vec<_> = index.iter().map(name).collect();
    let index_is_summed = match &index[..] {
        [Some("bytes")] => false,
        [Some("bytes"), Some("crc32c")] => true,
        _ => return Err("has shards whose index is encoded as no index is".into()),
    };
    let index_first = said["index_location"] == "start";
    Ok(Shards { chunk: sides(&said["chunk_shape"], "chunk_shape")?, index_first, index_is_summed })
}

fn names(said: &Value) -> Result<Names, Reason> {
    let separator = said["configuration"]["separator"].as_str();
    let (prefix, usual) = match name(said) {
        Some("default") => ("c", "/"),
        Some("v2") => ("", "."),
        _ => return Err("has chunks whose files are called as none are: save it again".into()),
    };
    match separator.unwrap_or(usual) {
        "/" => Ok(Names { prefix, separator: '/' }),
        "." => Ok(Names { prefix, separator: '.' }),
        other => Err(format!("separates the names of chunks by '{other}'").into()),
    }
}
