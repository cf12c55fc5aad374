//! Pools in .safetensors files. The crate parses the header, and refuses offsets that overlap or leave the file.

use safetensors::SafeTensors;
use safetensors::tensor::TensorInfo;

use super::bytes::Bytes;
use super::choose::choose;
use super::convert::Layout;
use super::dense::{Kind, rows_and_dimensions};
use super::reason::Reason;
use super::{Dtype, Pool, dense};

/// The tensor `name`, or the only one of two dimensions.
pub(super) fn read(bytes: Bytes<'static>, name: Option<&str>) -> Result<Pool<'static>, Reason> {
    let (header, metadata) = SafeTensors::read_metadata(bytes.as_slice())
        .map_err(|error| format!("is not a whole safetensors file: {error}"))?;
    let tensors = metadata.tensors();
    let wanted = |info: &TensorInfo| name.is_some() || info.shape.len() == 2;
    let mut names: Vec<&str> =
        tensors.iter().filter(|(_, info)| wanted(info)).map(|(name, _)| &**name).collect();
    names.sort_unstable();
    let what = if name.is_some() { "tensors" } else { "two-dimensional tensors" };
    let info = tensors[names[choose(what, &names, name)?]];
    let (rows, d) = rows_and_dimensions(&info.shape)?;
    let kind = kind(info.dtype)?;
    // The header's length comes first, in 8 bytes; offsets count from the header's end.
    let offset = 8 + header + info.data_offsets.0;
    dense::pool(bytes, offset, Layout { rows, d, fortran: false, big_endian: false }, kind)
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
