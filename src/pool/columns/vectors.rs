//! Columns of lists as rows: in place in the buffer that Arrow decoded.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, GenericListArray, OffsetSizeTrait};
use arrow_buffer::Buffer;
use arrow_schema::DataType;

use super::super::Dtype;
use super::super::bytes::Bytes;
use super::super::reason::Reason;

/// Rows of one chunk of a column.
pub(super) struct Rows {
    pub bytes: Bytes<'static>,
    pub rows: usize,
    pub d: usize,
    pub dtype: Dtype,
}

/// The rows of `lists`, whose first is row `first_row` of the file. None may be null or ragged.
pub(super) fn piece(lists: ArrayRef, first_row: usize) -> Result<Rows, Reason> {
    let rows = lists.len();
    if let Some(row) = first_null(&lists) {
        return Err(format!("row {} is null; drop such rows first", first_row + row).into());
    }
    let (items, d) = items(&lists, first_row)?;
    // The buffer must have no other owner, to be shrunk.
    drop(lists);
    if let Some(at) = first_null(&items) {
        let (row, j) = (first_row + at / d, at % d);
        return Err(format!("row {row} holds a null at dimension {j}").into());
    }
    let dtype = dtype(items.data_type())?;
    Ok(Rows { bytes: Bytes::Arrow(values(items, dtype)), rows, d, dtype })
}

fn first_null(array: &ArrayRef) -> Option<usize> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0)?;
    (0..array.len()).find(|&at| nulls.is_null(at))
}

/// The items of all lists, and the length that the lists share.
fn items(lists: &ArrayRef, first_row: usize) -> Result<(ArrayRef, usize), Reason> {
    match lists.data_type() {
        DataType::List(_) => ragged::<i32>(lists.as_list(), first_row),
        DataType::LargeList(_) => ragged::<i64>(lists.as_list(), first_row),
        _ => {
            let lists = lists.as_fixed_size_list();
            Ok((lists.values().clone(), usize::try_from(lists.value_length()).unwrap_or(0)))
        }
    }
}

fn ragged<O: OffsetSizeTrait>(
    lists: &GenericListArray<O>,
    first_row: usize,
) -> Result<(ArrayRef, usize), Reason> {
    let offsets = lists.value_offsets();
    let length = |pair: &[O]| pair[1].as_usize() - pair[0].as_usize();
    let d = offsets.windows(2).next().map_or(0, length);
    if let Some(row) = offsets.windows(2).position(|pair| length(pair) != d) {
        let (odd, base) = (length(&offsets[row..]), first_row);
        return Err(ragged_row(base + row, odd, base, d));
    }
    Ok((lists.values().slice(offsets[0].as_usize(), lists.len() * d), d))
}

pub(super) fn ragged_row(row: usize, odd: usize, base: usize, d: usize) -> Reason {
    format!("row {row} has {odd} values, but row {base} has {d}").into()
}

/// The stored values, without the copies' spare capacity.
fn values(items: ArrayRef, dtype: Dtype) -> Buffer {
    let parts = items.to_data();
    let (start, length) = (parts.offset() * dtype.bytes(), parts.len() * dtype.bytes());
    let mut buffer = parts.buffers()[0].slice_with_length(start, length);
    drop((items, parts));
    buffer.shrink_to_fit();
    buffer
}

/// The dtype of a pool whose items are of type `data_type`.
pub(super) fn dtype(data_type: &DataType) -> Result<Dtype, Reason> {
    Ok(match data_type {
        DataType::Float64 => Dtype::F64,
        DataType::Float32 => Dtype::F32,
        DataType::Float16 => Dtype::F16,
        DataType::UInt8 => Dtype::U8,
        DataType::Int8 => Dtype::I8,
        other => {
            return Err(format!("holds lists of {other}; cast them to lists of float32").into());
        }
    })
}

/// Lists of bytes may be anything: what they are taken for is told.
pub(super) fn read_as_numbers(d: usize, range: &str) -> String {
    format!(
        "lists of {d} bytes are compared as {d} numbers, {range}: decode them first if they are bytes of float16 values or packed bits"
    )
}
