//! Pools in the files of `torch.save`: a zip archive of a pickle, which says what tensors there are, and of their values, which stay in
//! place. The pickle is read as data ([`pickle`]): no code in it is run.

mod pickle;

use std::io::{BufReader, Read, copy, sink};

use zip::{CompressionMethod, ZipArchive};

use self::pickle::{Pickle, Tensor, Value};
use super::choose::choose;
use crate::pool::bytes::{Reader, Store};
use crate::pool::convert::Layout;
use crate::pool::dense::{self, Kind, rows_and_dimensions};
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;
use crate::pool::{Dtype, Pool};

/// A pickle of tensors is small: it holds no values.
const MOST_PICKLE: u64 = 64 << 20;
/// Dictionaries and lists within each other that are looked into, and values in all of them: a few bytes can stand for very many.
const DEPTH: usize = 16;
const MOST_VALUES: usize = 1 << 20;
/// What a tensor that is not in a dictionary is called.
const ALONE: &str = "tensor";

type Archive<'a> = ZipArchive<BufReader<Reader<&'a Store<'static>>>>;

/// The tensor `name`, or the only one of two dimensions. Those in dictionaries are named by their keys, with points between.
pub(super) fn read(
    store: Store<'static>,
    name: Option<&str>,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    let found = find(&store, name, room)?;
    dense::pool(store, found.offset, found.layout, found.kind, room)
}

/// Where a pool's values lie.
struct Found {
    offset: usize,
    layout: Layout,
    kind: Kind,
}

fn find(store: &Store<'static>, name: Option<&str>, room: &Room) -> Result<Found, Reason> {
    let mut archive = ZipArchive::new(store.reader()).map_err(|_| {
        Reason::from("is not as torch.save writes since version 1.6, a zip archive: save it again")
    })?;
    let folder = folder(&archive)?;
    let pickle = Pickle::read(&member(&mut archive, &format!("{folder}data.pkl"))?)?;
    let big_endian = archive.index_for_name(&format!("{folder}byteorder")).is_some()
        && member(&mut archive, &format!("{folder}byteorder"))? == b"big";
    let tensor = chosen(&pickle, name)?;
    let (rows, d) = rows_and_dimensions(&tensor.size)?;
    let kind = kind(&tensor.storage.kind)?;
    let layout = Layout { rows, d, fortran: is_transposed(tensor)?, big_endian };
    let start =
        values(&mut archive, &format!("{folder}data/{}", tensor.storage.key), tensor, kind, room)?;
    let end = tensor.offset.checked_add(rows * d).filter(|&end| end <= tensor.storage.length);
    if end.is_none() {
        return Err("has a tensor that reaches past the end of its storage".into());
    }
    Ok(Found { offset: start + tensor.offset * kind.bytes(), layout, kind })
}

/// The folder in the archive that all is in, with its `/`.
fn folder(archive: &Archive) -> Result<String, Reason> {
    let names = (0..archive.len()).filter_map(|at| archive.name_for_index(at)?.ok());
    let found = names.into_iter().find_map(|name| Some(name.strip_suffix("data.pkl")?.to_string()));
    found.ok_or("is a zip archive without the pickle that torch.save writes".into())
}

fn member(archive: &mut Archive, name: &str) -> Result<Vec<u8>, Reason> {
    let member = archive.by_name(name).map_err(|error| damaged(&error))?;
    if member.size() > MOST_PICKLE {
        return Err(format!(
            "has {} bytes that say what it holds: save the tensor alone",
            member.size()
        )
        .into());
    }
    let mut bytes = Vec::new();
    member.take(MOST_PICKLE).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
    Ok(bytes)
}

/// The tensor that is meant.
fn chosen<'p>(pickle: &'p Pickle, name: Option<&str>) -> Result<&'p Tensor, Reason> {
    let mut tensors = list(pickle)?;
    let what = if name.is_some() { "tensors" } else { "two-dimensional tensors" };
    tensors.retain(|(_, tensor)| name.is_some() || tensor.size.len() == 2);
    let names: Vec<&str> = tensors.iter().map(|(name, _)| &**name).collect();
    Ok(tensors[choose(what, &names, name)?].1)
}

/// All tensors with their names. A value that stands in several places is one of each.
fn list(pickle: &Pickle) -> Result<Vec<(String, &Tensor)>, Reason> {
    let (mut found, mut looked_at) = (Vec::new(), 0);
    let mut left = vec![(pickle.root, String::new(), 0)];
    while let Some((id, name, depth)) = left.pop() {
        looked_at += 1;
        if looked_at > MOST_VALUES {
            return Err("holds too much beside tensors: save the tensor alone".into());
        }
        let below = |key: &str| match name.is_empty() {
            true => key.to_string(),
            false => format!("{name}.{key}"),
        };
        let children: Vec<(usize, String)> = match &pickle.values[id] {
            Value::Tensor(tensor) => {
                found.push((if name.is_empty() { ALONE.into() } else { name }, tensor));
                continue;
            }
            Value::Dict(pairs) => {
                let named = |&(key, value): &(usize, usize)| match &pickle.values[key] {
                    Value::Text(key) => Some((value, below(key))),
                    Value::Number(key) => Some((value, below(&key.to_string()))),
                    _ => None,
                };
                pairs.iter().filter_map(named).collect()
            }
            Value::List(items) | Value::Tuple(items) => {
                let numbered = items.iter().enumerate();
                numbered.map(|(at, &item)| (item, below(&at.to_string()))).collect()
            }
            _ => continue,
        };
        if depth < DEPTH && left.len() + children.len() <= MOST_VALUES {
            left.extend(children.into_iter().rev().map(|(id, name)| (id, name, depth + 1)));
        }
    }
    Ok(found)
}

/// Whether columns lie together; rows must, if they do not. A side of one row or value lies either way.
fn is_transposed(tensor: &Tensor) -> Result<bool, Reason> {
    let (&[rows, d], &[by_row, by_column]) = (&tensor.size[..], &tensor.stride[..]) else {
        return Err("has a tensor whose strides are not those of its sides".into());
    };
    match (by_row, by_column) {
        (row, column) if (row == d || rows == 1) && (column == 1 || d == 1) => Ok(false),
        (row, column) if (row == 1 || rows == 1) && (column == rows || d == 1) => Ok(true),
        _ => Err("has a tensor that is a part of another: save tensor.contiguous()".into()),
    }
}

/// Where the values of a storage begin. The member is read once, for its checksum, unless only its size is wanted.
fn values(
    archive: &mut Archive,
    name: &str,
    tensor: &Tensor,
    kind: Kind,
    room: &Room,
) -> Result<usize, Reason> {
    let mut member = archive.by_name(name).map_err(|error| damaged(&error))?;
    if member.compression() != CompressionMethod::Stored {
        return Err("has compressed values, which torch.save does not write: save it again".into());
    }
    let start = member.data_start().and_then(|start| usize::try_from(start).ok());
    let holds = tensor.storage.length.checked_mul(kind.bytes()).map(|bytes| bytes as u64);
    let (Some(start), true) = (start, holds == Some(member.size())) else {
        return Err(format!(
            "has a storage of {} values in {} bytes",
            tensor.storage.length,
            member.size()
        )
        .into());
    };
    if !room.is_for_outlines() {
        copy(&mut member, &mut sink()).map_err(|error| damaged(&error))?;
    }
    Ok(start)
}

fn kind(storage: &str) -> Result<Kind, Reason> {
    Ok(match storage {
        "FloatStorage" => Kind::Stored(Dtype::F32),
        "DoubleStorage" => Kind::Stored(Dtype::F64),
        "HalfStorage" => Kind::Stored(Dtype::F16),
        "BFloat16Storage" => Kind::Stored(Dtype::Bf16),
        "ByteStorage" => Kind::Stored(Dtype::U8),
        "CharStorage" => Kind::Stored(Dtype::I8),
        other => {
            let name = other.trim_end_matches("Storage");
            return Err(format!("holds {name} values; save tensor.float()").into());
        }
    })
}

fn damaged(error: &dyn std::error::Error) -> Reason {
    format!("is not a whole file of torch.save: {error}").into()
}
