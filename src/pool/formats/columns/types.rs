//! Types of columns that vectors are read from.

use arrow_schema::{DataType, Fields};

use crate::pool::Dtype;
use crate::pool::npy_header::raw_values;
use crate::pool::reason::Reason;

/// What each row of a column holds.
pub(super) enum Items<'t> {
    /// A list of values of this type.
    Values(&'t DataType),
    /// A list of lists, at any depth, of values of this type.
    Lists(&'t DataType),
    /// A vector of Spark's machine learning.
    Spark,
    /// Bytes.
    Bytes,
}

/// What each row of a column of this type holds, if it may be a vector.
pub(super) fn items(data_type: &DataType) -> Option<Items<'_>> {
    match data_type {
        DataType::Struct(fields) if is_spark(fields) => Some(Items::Spark),
        kind if is_bytes(kind) => Some(Items::Bytes),
        kind => {
            let item = item_type(kind)?;
            let mut leaf = item;
            while let Some(inner) = item_type(leaf) {
                leaf = inner;
            }
            Some(if leaf == item { Items::Values(item) } else { Items::Lists(leaf) })
        }
    }
}

/// The type of the items, if `lists` is a type of lists.
pub(super) fn item_type(lists: &DataType) -> Option<&DataType> {
    match lists {
        DataType::FixedSizeList(item, _)
        | DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => Some(item.data_type()),
        _ => None,
    }
}

pub(super) fn is_bytes(data_type: &DataType) -> bool {
    data_type.is_binary() || matches!(data_type, DataType::FixedSizeBinary(_))
}

/// Whether a struct is of Spark's VectorUDT.
pub(super) fn is_spark(fields: &Fields) -> bool {
    let names = ["type", "size", "indices", "values"];
    let is_list = |at: usize, item: &DataType| item_type(fields[at].data_type()) == Some(item);
    fields.len() == names.len()
        && fields.iter().zip(names).all(|(field, name)| field.name() == name)
        && *fields[0].data_type() == DataType::Int8
        && is_list(3, &DataType::Float64)
}

/// The dtype of a pool whose items are of type `data_type`; where raw ones are meant as `dtype`, that.
pub(super) fn dtype(data_type: &DataType, dtype: Option<Dtype>) -> Result<Dtype, Reason> {
    Ok(match (data_type, dtype) {
        (DataType::UInt8 | DataType::Int8, Some(dtype)) => dtype,
        (DataType::UInt16 | DataType::Int16, Some(dtype)) if dtype.bytes() == 2 => dtype,
        (DataType::Float64, _) => Dtype::F64,
        (DataType::Float32, _) => Dtype::F32,
        (DataType::Float16, _) => Dtype::F16,
        (DataType::UInt8, None) => Dtype::U8,
        (DataType::Int8, None) => Dtype::I8,
        (other, _) => {
            return Err(format!("holds lists of {other}; cast them to lists of float32").into());
        }
    })
}

/// Values in a row of `d` items of this type, which are of `dtype`.
pub(super) fn dimensions(d: usize, data_type: &DataType, dtype: Dtype) -> Result<usize, Reason> {
    match data_type {
        DataType::UInt8 | DataType::Int8 => raw_values(d, dtype),
        _ => Ok(d),
    }
}
