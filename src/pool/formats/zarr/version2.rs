//! Metadata of version 2, as zarr-python 2 writes it.

use serde_json::Value;

use super::array::{Array, Encoding, Names, Values, fill, sides, text};
use crate::pool::formats::chunked::Codec;
use crate::pool::npy_header::descr;
use crate::pool::reason::Reason;

pub(super) fn array(metadata: &Value) -> Result<Array, Reason> {
    let (values, big_endian) = match &metadata["dtype"] {
        Value::String(code) => values(code, filters(metadata))?,
        Value::Array(_) => values("[", &[])?,
        _ => return Err("has metadata without 'dtype'".into()),
    };
    let separator = match metadata["dimension_separator"].as_str() {
        None | Some(".") => '.',
        Some("/") => '/',
        Some(other) => return Err(format!("separates the names of chunks by '{other}'").into()),
    };
    let fortran = text(metadata, "order")? == "F";
    Ok(Array {
        shape: sides(&metadata["shape"], "shape")?,
        file: sides(&metadata["chunks"], "chunks")?,
        values,
        fill: fill(&metadata["fill_value"], values, big_endian)?,
        encoding: Encoding { fortran, big_endian, codecs: codecs(metadata, values)? },
        shards: None,
        names: Names { prefix: "", separator },
        is_list: false,
    })
}

/// The filter that makes bytes of strings of any length.
const TEXTS: &str = "vlen-utf8";

fn filters(metadata: &Value) -> &[Value] {
    metadata["filters"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What an array holds, and whether its numbers are big-endian.
fn values(code: &str, filters: &[Value]) -> Result<(Values, bool), Reason> {
    let (order, kind) = code.split_at_checked(1).unwrap_or_default();
    let width = |count: &str, bytes: usize| count.parse::<usize>().ok()?.checked_mul(bytes);
    let big_endian = order == ">";
    let values = match kind.split_at_checked(1) {
        Some(("b", "1")) => Values::Booleans,
        Some(("S", count)) => Values::Narrow(width(count, 1).unwrap_or_default()),
        Some(("U", count)) => {
            Values::Wide { bytes: width(count, 4).unwrap_or_default(), big_endian }
        }
        Some(("O", "")) if filters.iter().any(|filter| filter["id"] == TEXTS) => Values::Texts,
        _ => {
            let (kind, big_endian) = descr(code)?;
            return Ok((Values::Numbers(kind), big_endian));
        }
    };
    match values.bytes() {
        0 => Err("holds strings of no characters".into()),
        _ => Ok((values, false)),
    }
}

/// The filters, then the compressor.
fn codecs(metadata: &Value, values: Values) -> Result<Vec<Codec>, Reason> {
    let filters =
        filters(metadata).iter().filter(|filter| values != Values::Texts || filter["id"] != TEXTS);
    let compressor = Some(&metadata["compressor"]).filter(|compressor| !compressor.is_null());
    filters.chain(compressor).map(|codec| of(codec, values)).collect()
}

fn of(codec: &Value, values: Values) -> Result<Codec, Reason> {
    let size = || codec["elementsize"].as_u64().and_then(|size| usize::try_from(size).ok());
    Ok(match text(codec, "id")? {
        "zlib" => Codec::Zlib,
        "gzip" => Codec::Gzip,
        "zstd" => Codec::Zstd,
        "lz4" => Codec::Lz4,
        "blosc" => Codec::Blosc,
        "shuffle" => Codec::Shuffle(size().filter(|&size| size > 0).unwrap_or(values.bytes())),
        "fletcher32" => Codec::Fletcher32,
        "crc32c" => Codec::Crc32c,
        other => return Err(unread(other)),
    })
}

/// Why chunks are not read.
pub(super) fn unread(codec: &str) -> Reason {
    format!(
        "is encoded by '{codec}', which is not read: zarr.save_array('new.zarr', zarr.open_array(path)[:]) writes it again"
    )
    .into()
}
