//! Pools in .npz archives: stored members in place, deflated ones inflated once.

use std::io::{BufReader, Read, copy, sink};

use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::choose::choose;
use crate::pool::bytes::{Reader, Store};
use crate::pool::meant::Meant;
use crate::pool::npy_header::{HEADER_BYTES, Header};
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;
use crate::pool::{Pool, npy};

/// No deflate stream holds more: 258 bytes by a code of 2 bits.
const DEFLATE_RATIO: u64 = 1032;

type Archive<'a> = ZipArchive<BufReader<Reader<&'a Store<'static>>>>;
type Member<'a, 'b> = ZipFile<'a, BufReader<Reader<&'b Store<'static>>>>;

/// Where a member's bytes are.
enum Content {
    Stored {
        start: usize,
        length: usize,
    },
    /// The first bytes of a deflated member of so many.
    Head {
        start: Vec<u8>,
        length: usize,
    },
    Inflated(Store<'static>),
}

/// The member `name`, with or without its `.npy`, or the only one.
pub(super) fn read(
    store: Store<'static>,
    meant: Meant,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    match content(&store, meant.name, room)? {
        // At any offset whatever: rows may be unaligned, and are decoded when read.
        Content::Stored { start, length } => npy::read(store, (start, length), meant.dtype, room),
        Content::Head { start, length } => npy::outline(&start, length, meant.dtype),
        Content::Inflated(member) => {
            let length = member.length();
            npy::read(member, (0, length), meant.dtype, room)
        }
    }
}

/// The bytes of the member `name`, an .npy file.
pub(super) fn member(store: &Store<'static>, name: &str) -> Result<Vec<u8>, Reason> {
    let bytes = match content(store, Some(name), &Room::unlimited())? {
        Content::Stored { start, length } => store.part(start, length)?.into_owned(),
        Content::Head { .. } => unreachable!("of rooms for outlines alone"),
        Content::Inflated(member) => member.part(0, member.length())?.into_owned(),
    };
    Ok(bytes)
}

fn content(file: &Store<'static>, name: Option<&str>, room: &Room) -> Result<Content, Reason> {
    let mut archive = ZipArchive::new(file.reader()).map_err(|e| damaged(&e))?;
    let names = member_names(&archive)?;
    let short = |name: &str| name.strip_suffix(".npy").unwrap_or(name).to_string();
    let shown: Vec<String> = names.iter().map(|name| short(name)).collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    let index = match (name, &shown[..]) {
        (None, [_, _, ..]) => two_dimensional(&mut archive, &shown)?,
        _ => choose("arrays", &shown, name.map(short).as_deref())?,
    };
    let mut member = archive.by_index(index).map_err(|e| damaged(&e))?;
    match member.compression() {
        CompressionMethod::Stored => stored(&mut member, file.length(), room),
        CompressionMethod::Deflated if room.is_for_outlines() => head(&mut member),
        CompressionMethod::Deflated => inflate(&mut member, room).map(Content::Inflated),
        other => Err(format!("'{}' is compressed by {other}; use np.savez", shown[index]).into()),
    }
}

/// The only member of two dimensions: beside embeddings people keep labels and ids.
fn two_dimensional(archive: &mut Archive, shown: &[&str]) -> Result<usize, Reason> {
    let mut found = Vec::new();
    for (index, name) in shown.iter().enumerate() {
        let mut member = archive.by_index(index).map_err(|e| damaged(&e))?;
        let length = usize::try_from(member.size()).unwrap_or(usize::MAX);
        let mut start = Vec::new();
        member
            .by_ref()
            .take(HEADER_BYTES as u64)
            .read_to_end(&mut start)
            .map_err(|e| damaged(&e))?;
        if Header::parse(&start, length).is_ok_and(|header| header.shape.len() == 2) {
            found.push((index, *name));
        }
    }
    match found[..] {
        [(index, _)] => Ok(index),
        [] => choose("arrays", shown, None),
        _ => {
            let names: Vec<&str> = found.iter().map(|(_, name)| *name).collect();
            choose("two-dimensional arrays", &names, None)
        }
    }
}

fn member_names(archive: &Archive) -> Result<Vec<String>, Reason> {
    let names = (0..archive.len()).filter_map(|index| archive.name_for_index(index));
    names.map(|name| name.map(|name| name.into_owned()).map_err(|e| damaged(&e))).collect()
}

/// Reads the member once, for its checksum, unless only its size is wanted.
fn stored(member: &mut Member, file_bytes: usize, room: &Room) -> Result<Content, Reason> {
    let start = member.data_start().and_then(|start| usize::try_from(start).ok());
    let length =
        usize::try_from(member.size()).ok().filter(|_| member.size() == member.compressed_size());
    let within = |(start, length): &(usize, usize)| {
        start.checked_add(*length).is_some_and(|end| end <= file_bytes)
    };
    let Some((start, length)) = start.zip(length).filter(within) else {
        return Err("a member reaches past the end of the archive".into());
    };
    if !room.is_for_outlines() {
        copy(member, &mut sink()).map_err(|e| damaged(&e))?;
    }
    Ok(Content::Stored { start, length })
}

/// The bytes that hold the header.
fn head(member: &mut Member) -> Result<Content, Reason> {
    let length = usize::try_from(member.size()).map_err(|_| "a member is too large")?;
    let mut start = Vec::new();
    member.take(HEADER_BYTES as u64).read_to_end(&mut start).map_err(|e| damaged(&e))?;
    Ok(Content::Head { start, length })
}

fn inflate(member: &mut Member, room: &Room) -> Result<Store<'static>, Reason> {
    let (claimed, packed) = (member.size(), member.compressed_size());
    if claimed > packed.saturating_mul(DEFLATE_RATIO) {
        return Err(format!("a member claims {claimed} bytes in {packed} deflated ones").into());
    }
    let length = usize::try_from(claimed).map_err(|_| "a member is too large")?;
    let content = room.filled(length, 1, |at, out| fill(member, at, claimed, out))?;
    // One more read meets the end: surplus data, or a checksum that does not match.
    match member.read(&mut [0]) {
        Ok(0) => Ok(content),
        Ok(_) => Err(format!("a member holds more than the {claimed} bytes it claims").into()),
        Err(e) => Err(damaged(&e)),
    }
}

/// Inflate the bytes from `at` on of a member that claims so many.
fn fill(member: &mut Member, at: usize, claimed: u64, mut out: &mut [u8]) -> Result<(), Reason> {
    let mut held = at;
    while !out.is_empty() {
        match member.read(out).map_err(|e| damaged(&e))? {
            0 => return Err(format!("a member holds {held} bytes, not {claimed}").into()),
            read => {
                out = &mut out[read..];
                held += read;
            }
        }
    }
    Ok(())
}

fn damaged(error: &dyn std::error::Error) -> Reason {
    format!("is not a whole .npz archive: {error}").into()
}
