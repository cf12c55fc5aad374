//! Pools in .safetensors files. The crate parses the header, and refuses offsets that overlap or leave the file.

use safetensors::SafeTensorError;
use safetensors::tensor::{Metadata, TensorInfo};

use super::choose::choose;
use crate::pool::bytes::Store;
use crate::pool::convert::Layout;
use crate::pool::dense::{Kind, rows_and_dimensions};
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;
use crate::pool::{Dtype, Pool, dense};

/// The header's length comes first, in so many bytes.
const LENGTH_BYTES: usize = 8;
/// No header that the crate reads is longer.
const MOST_HEADER: usize = 100_000_000;

/// The tensor `name`, or the only one of two dimensions.
pub(super) fn read(
    store: Store<'static>,
    name: Option<&str>,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    let (header, metadata) = metadata(&store)?;
    let tensors = metadata.tensors();
    let wanted = |info: &TensorInfo| name.is_some() || info.shape.len() == 2;
    let mut names: Vec<&str> =
        tensors.iter().filter(|(_, info)| wanted(info)).map(|(name, _)| &**name).collect();
    names.sort_unstable();
    let what = if name.is_some() { "tensors" } else { "two-dimensional tensors" };
    let info = tensors[names[choose(what, &names, name)?]];
    let (rows, d) = rows_and_dimensions(&info.shape)?;
    let kind = kind(info.dtype)?;
    // Offsets count from the header's end.
    let offset = LENGTH_BYTES + header + info.data_offsets.0;
    dense::pool(store, offset, Layout { rows, d, fortran: false, big_endian: false }, kind, room)
}

/// The length of the header, and what it says. The values are not looked at.
fn metadata(store: &Store) -> Result<(usize, Metadata), Reason> {
    let damaged = |error| format!("is not a whole safetensors file: {error}");
    let length = store.part(0, LENGTH_BYTES)?;
    let length = *length.first_chunk().ok_or_else(|| damaged(SafeTensorError::HeaderTooSmall))?;
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > MOST_HEADER {
        return Err(damaged(SafeTensorError::HeaderTooLarge).into());
    }
    let header = store.part(LENGTH_BYTES, length)?;
    if header.len() < length {
        return Err(damaged(SafeTensorError::InvalidHeaderLength).into());
    }
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|error| damaged(SafeTensorError::InvalidHeaderDeserialization(error)))?;
    if LENGTH_BYTES + length + metadata.data_len() != store.length() {
        return Err(damaged(SafeTensorError::MetadataIncompleteBuffer).into());
    }
    Ok((length, metadata))
}

fn kind(dtype: safetensors::Dtype) -> Result<Kind, Reason> {
    use safetensors::Dtype as Stored;
    Ok(match dtype {
        Stored::F32 => Kind::Stored(Dtype::F32),
        Stored::F16 => Kind::Stored(Dtype::F16),
        Stored::BF16 => Kind::Stored(Dtype::Bf16),
        Stored::U8 => Kind::Stored(Dtype::U8),
        Stored::I8 => Kind::Stored(Dtype::I8),
        Stored::F64 => Kind::Stored(Dtype::F64),
        other => {
            return Err(format!("holds {other:?} values; save tensor.to(torch.float32)").into());
        }
    })
}
