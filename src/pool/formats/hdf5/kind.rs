//! The types of values in HDF5 files.

use hdf5_pure::{Datatype, DatatypeByteOrder};

use crate::pool::Dtype;
use crate::pool::dense::Kind;
use crate::pool::reason::Reason;

/// The type of a dataset's values, and whether they are big-endian.
pub(super) fn of(datatype: &Datatype) -> Result<(Kind, bool), Reason> {
    let what = match datatype {
        Datatype::FloatingPoint { size, byte_order, layout } => {
            let parts = (layout.exponent_size, layout.mantissa_size);
            let is_whole = layout.bit_offset == 0 && u32::from(layout.bit_precision) == 8 * size;
            match (float(*size, parts), order(byte_order)) {
                (Some(dtype), Some(big_endian)) if is_whole => {
                    return Ok((Kind::Stored(dtype), big_endian));
                }
                _ => format!("floats of {size} bytes of a kind that no pool has"),
            }
        }
        Datatype::FixedPoint { size, byte_order, layout } => {
            let is_whole = layout.bit_offset == 0 && u32::from(layout.bit_precision) == 8 * size;
            match (integer(*size, layout.signed), order(byte_order)) {
                (Some(kind), Some(big_endian)) if is_whole => {
                    return Ok((kind, big_endian && *size > 1));
                }
                _ => format!("integers of {} bits", layout.bit_precision),
            }
        }
        Datatype::Compound { .. } => {
            return Err(
                "holds a table; save the field with the vectors as a dataset of its own".into()
            );
        }
        Datatype::Enumeration { .. } => "booleans or other enumerated values".into(),
        Datatype::String { .. } | Datatype::VariableLength { is_string: true, .. } => {
            "strings".into()
        }
        Datatype::VariableLength { .. } => "rows of unequal length".into(),
        Datatype::Opaque { .. } | Datatype::BitField { .. } => "raw bytes".into(),
        _ => "values that are no numbers".into(),
    };
    Err(format!("holds {what}; save a.astype(np.float32)").into())
}

fn float(size: u32, parts: (u8, u8)) -> Option<Dtype> {
    match (size, parts) {
        (8, (11, 52)) => Some(Dtype::F64),
        (4, (8, 23)) => Some(Dtype::F32),
        (2, (5, 10)) => Some(Dtype::F16),
        (2, (8, 7)) => Some(Dtype::Bf16),
        _ => None,
    }
}

fn integer(size: u32, signed: bool) -> Option<Kind> {
    match (size, signed) {
        (1, true) => Some(Kind::Stored(Dtype::I8)),
        (1, false) => Some(Kind::Stored(Dtype::U8)),
        (2 | 4 | 8, true) => Some(Kind::Signed(size as usize)),
        (2 | 4 | 8, false) => Some(Kind::Unsigned(size as usize)),
        _ => None,
    }
}

/// Whether the highest byte comes first.
fn order(order: &DatatypeByteOrder) -> Option<bool> {
    match order {
        DatatypeByteOrder::LittleEndian => Some(false),
        DatatypeByteOrder::BigEndian => Some(true),
        DatatypeByteOrder::Vax => None,
    }
}
