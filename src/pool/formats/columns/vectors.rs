//! Columns as rows: in place in the buffer that Arrow decoded, where they lie so.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, UInt8Type, UInt16Type,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, FixedSizeBinaryArray, GenericListArray,
    GenericListViewArray, OffsetSizeTrait, UInt8Array,
};
use arrow_buffer::Buffer;
use arrow_schema::{DataType, Field};

use super::missing;
use super::picked::{How, Picked};
use super::types::{Items, dimensions, dtype, is_bytes, item_type, items};
use crate::pool::Dtype;
use crate::pool::bytes::Bytes;
use crate::pool::convert::interleave;
use crate::pool::formats::kept::{Rows, ragged_row};
use crate::pool::reason::Reason;

/// The rows of these `columns`, those that were picked; their first is row `first_row` of the file. None may be ragged, nor null unless
/// such rows are left out.
pub(super) fn piece(
    picked: &Picked,
    columns: Vec<ArrayRef>,
    first_row: usize,
) -> Result<Rows, Reason> {
    if !picked.skips_bad {
        return whole(picked, columns, first_row);
    }
    let missing = missing::rows(picked, &columns);
    let Some(columns) = missing::replaced(columns, &missing)? else {
        return Ok(Rows::without_values(missing.len()));
    };
    Ok(Rows { missing, ..whole(picked, columns, first_row)? })
}

/// The rows of columns that have values in every row.
fn whole(picked: &Picked, mut columns: Vec<ArrayRef>, first_row: usize) -> Result<Rows, Reason> {
    let (below, data_type) = match &picked.how {
        How::Wide(fields) => return wide(fields, &columns, first_row),
        How::Field { below, data_type } => (below, data_type),
    };
    let mut column = columns.swap_remove(0);
    for name in below {
        column = field(&column, name, first_row)?;
    }
    let column = match items(data_type) {
        Some(Items::Spark) => dense(&column, first_row)?,
        _ => column,
    };
    lists(column, first_row, picked.dtype)
}

/// The field `name` of a column of structs.
fn field(structs: &ArrayRef, name: &str, first_row: usize) -> Result<ArrayRef, Reason> {
    refuse_null(structs, first_row)?;
    let field = structs.as_struct_opt().and_then(|structs| structs.column_by_name(name));
    field.cloned().ok_or_else(|| format!("holds no '{name}' where its schema has it").into())
}

/// What a null among values may have been.
const NULL: &str = "pandas writes NaN so: fill such values, or leave their rows out by --skip-bad";

fn refuse_null(column: &ArrayRef, first_row: usize) -> Result<(), Reason> {
    match first_null(column) {
        Some(row) => {
            let row = first_row + row;
            Err(format!("row {row} is null; drop such rows first, or leave them out by --skip-bad")
                .into())
        }
        None => Ok(()),
    }
}

fn first_null(array: &dyn Array) -> Option<usize> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0)?;
    (0..array.len()).find(|&at| nulls.is_null(at))
}

/// The values of Spark's vectors, none of which may be sparse.
fn dense(vectors: &ArrayRef, first_row: usize) -> Result<ArrayRef, Reason> {
    let kinds = field(vectors, "type", first_row)?;
    let kinds = kinds.as_primitive::<Int8Type>();
    if let Some(row) = kinds.values().iter().position(|&kind| kind != 1) {
        return Err(format!(
            "row {} is a sparse vector of Spark: write pyspark.ml.functions.vector_to_array of the column in its place",
            first_row + row
        )
        .into());
    }
    field(vectors, "values", first_row)
}

/// Rows of lists, of lists of lists, or of bytes, which are of `raw`.
fn lists(mut array: ArrayRef, first_row: usize, raw: Option<Dtype>) -> Result<Rows, Reason> {
    let (rows, mut sides) = (array.len(), Vec::new());
    refuse_null(&array, first_row)?;
    while item_type(array.data_type()).is_some() || is_bytes(array.data_type()) {
        let each = sides.iter().product::<usize>().max(1);
        let (items, d) = of_lists(&array, first_row, each)?;
        sides.push(d);
        // The buffer must have no other owner, to be shrunk.
        drop(std::mem::replace(&mut array, items));
        // Of a side of no values nothing more can be said.
        let each = sides.iter().try_fold(1, |each: usize, &side| each.checked_mul(side));
        let each = each.filter(|each| rows.checked_mul(*each) == Some(array.len()));
        let each = each.ok_or("holds other lists than its lengths say")?;
        if let Some(at) = first_null(&array) {
            let (row, j) = (first_row + at / each, at % each);
            return Err(format!("row {row} holds a null at dimension {j}; {NULL}").into());
        }
    }
    let kind = array.data_type().clone();
    let dtype = dtype(&kind, raw)?;
    let last = sides.last_mut().expect("a column of lists");
    *last = dimensions(*last, &kind, dtype)?;
    let bytes = Bytes::Arrow(values(array, dtype));
    Ok(Rows { bytes, rows, sides, dtype, missing: Vec::new() })
}

/// The items of all lists, and the length that the lists share; there are `each` lists a row.
fn of_lists(lists: &ArrayRef, first_row: usize, each: usize) -> Result<(ArrayRef, usize), Reason> {
    let base = (first_row, each);
    match lists.data_type() {
        DataType::List(_) => ragged::<i32>(lists.as_list(), base),
        DataType::LargeList(_) => ragged::<i64>(lists.as_list(), base),
        DataType::ListView(_) => views::<i32>(lists.as_list_view(), base),
        DataType::LargeListView(_) => views::<i64>(lists.as_list_view(), base),
        DataType::FixedSizeList(..) => {
            let lists = lists.as_fixed_size_list();
            Ok((lists.values().clone(), usize::try_from(lists.value_length()).unwrap_or(0)))
        }
        _ => bytes(lists, base),
    }
}

fn ragged<O: OffsetSizeTrait>(
    lists: &GenericListArray<O>,
    base: (usize, usize),
) -> Result<(ArrayRef, usize), Reason> {
    let (first, d) = even(lists.value_offsets(), base)?;
    Ok((lists.values().slice(first, lists.len() * d), d))
}

/// The first of `offsets`, and how far they all are apart.
fn even<O: OffsetSizeTrait>(offsets: &[O], base: (usize, usize)) -> Result<(usize, usize), Reason> {
    let length = |pair: &[O]| pair[1].as_usize() - pair[0].as_usize();
    let d = offsets.windows(2).next().map_or(0, length);
    match offsets.windows(2).position(|pair| length(pair) != d) {
        Some(at) => Err(uneven(at, length(&offsets[at..]), d, base)),
        None => Ok((offsets[0].as_usize(), d)),
    }
}

fn uneven(at: usize, odd: usize, d: usize, (first_row, each): (usize, usize)) -> Reason {
    match each {
        1 => ragged_row(first_row + at, &[odd], first_row, &[d]),
        _ => {
            let row = first_row + at / each;
            format!("row {row} has a list of {odd} values, but row {first_row} one of {d}").into()
        }
    }
}

/// Lists that may lie in any order, and one in another.
fn views<O: OffsetSizeTrait>(
    lists: &GenericListViewArray<O>,
    base: (usize, usize),
) -> Result<(ArrayRef, usize), Reason> {
    let size = |at: usize| lists.value_size(at).as_usize();
    let d = if lists.is_empty() { 0 } else { size(0) };
    if let Some(at) = (0..lists.len()).find(|&at| size(at) != d) {
        return Err(uneven(at, size(at), d, base));
    }
    let starts: Vec<usize> = lists.value_offsets().iter().map(|start| start.as_usize()).collect();
    let first = starts.first().copied().unwrap_or(0);
    let is_in_order = starts.iter().enumerate().all(|(at, &start)| start == first + at * d);
    if is_in_order && first + starts.len() * d <= lists.values().len() {
        return Ok((lists.values().slice(first, lists.len() * d), d));
    }
    let is_within = |&start: &usize| start + d <= lists.values().len();
    match starts.iter().all(is_within) {
        true => Ok((gathered(lists.values(), &starts, d)?, d)),
        false => Err("holds views of lists that reach past their values".into()),
    }
}

/// `d` values from each of `starts` on.
fn gathered(values: &ArrayRef, starts: &[usize], d: usize) -> Result<ArrayRef, Reason> {
    if let Some(at) = first_null(values) {
        return Err(format!("holds a null, value {at} of its lists; {NULL}").into());
    }
    Ok(match values.data_type() {
        DataType::Float64 => gather::<Float64Type>(values, starts, d),
        DataType::Float32 => gather::<Float32Type>(values, starts, d),
        DataType::Float16 => gather::<Float16Type>(values, starts, d),
        DataType::UInt8 => gather::<UInt8Type>(values, starts, d),
        DataType::Int8 => gather::<Int8Type>(values, starts, d),
        DataType::UInt16 => gather::<UInt16Type>(values, starts, d),
        DataType::Int16 => gather::<Int16Type>(values, starts, d),
        other => {
            return Err(format!("holds views of {other} in no order: cast them to lists").into());
        }
    })
}

fn gather<T: ArrowPrimitiveType>(values: &ArrayRef, starts: &[usize], d: usize) -> ArrayRef {
    let values = values.as_primitive::<T>().values();
    let gathered: Vec<T::Native> =
        starts.iter().flat_map(|&start| values[start..start + d].iter().copied()).collect();
    Arc::new(arrow_array::PrimitiveArray::<T>::new(gathered.into(), None))
}

/// The bytes of all rows.
fn bytes(column: &ArrayRef, base: (usize, usize)) -> Result<(ArrayRef, usize), Reason> {
    let (buffer, first, d) = match column.data_type() {
        DataType::Binary => {
            let column = column.as_binary::<i32>();
            let (first, d) = even(column.value_offsets(), base)?;
            (column.values().clone(), first, d)
        }
        DataType::LargeBinary => {
            let column = column.as_binary::<i64>();
            let (first, d) = even(column.value_offsets(), base)?;
            (column.values().clone(), first, d)
        }
        DataType::FixedSizeBinary(_) => {
            let column: &FixedSizeBinaryArray = column.as_fixed_size_binary();
            let d = usize::try_from(column.value_length()).unwrap_or(0);
            (Buffer::from(column.value_data()), 0, d)
        }
        _ => {
            let column = column.as_binary_view();
            let d = if column.is_empty() { 0 } else { column.value(0).len() };
            let odd = column.iter().flatten().map(<[u8]>::len).position(|length| length != d);
            if let Some(at) = odd {
                return Err(uneven(at, column.value(at).len(), d, base));
            }
            (column.iter().flatten().collect::<Vec<_>>().concat().into(), 0, d)
        }
    };
    let length = column.len() * d;
    if first + length > buffer.len() {
        return Err("holds bytes that reach past their buffer".into());
    }
    Ok((Arc::new(UInt8Array::new(buffer.slice_with_length(first, length).into(), None)), d))
}

/// The stored values, without the copies' spare capacity.
fn values(items: ArrayRef, dtype: Dtype) -> Buffer {
    let width = items.data_type().primitive_width().unwrap_or(dtype.bytes());
    let parts = items.to_data();
    let (start, length) = (parts.offset() * width, parts.len() * width);
    let mut buffer = parts.buffers()[0].slice_with_length(start, length);
    drop((items, parts));
    buffer.shrink_to_fit();
    buffer
}

/// Rows of `columns` of numbers, a dimension each.
fn wide(fields: &[Field], columns: &[ArrayRef], first_row: usize) -> Result<Rows, Reason> {
    for (field, column) in fields.iter().zip(columns) {
        if let Some(row) = first_null(column) {
            let (row, name) = (first_row + row, field.name());
            return Err(
                format!("row {row} is null in column '{name}'; drop such rows first, or leave them out by --skip-bad").into()
            );
        }
    }
    let dtype = dtype(fields[0].data_type(), None)?;
    let (rows, d) = (columns[0].len(), columns.len());
    let buffers: Vec<Buffer> =
        columns.iter().map(|column| values(Arc::clone(column), dtype)).collect();
    let buffers: Vec<&[u8]> = buffers.iter().map(Buffer::as_slice).collect();
    let mut bytes = vec![0; rows * d * dtype.bytes()];
    match dtype.bytes() {
        8 => interleave::<8>(&buffers, &mut bytes),
        4 => interleave::<4>(&buffers, &mut bytes),
        2 => interleave::<2>(&buffers, &mut bytes),
        _ => interleave::<1>(&buffers, &mut bytes),
    }
    let bytes = Bytes::Owned(bytes);
    Ok(Rows { bytes, rows, sides: vec![d], dtype, missing: Vec::new() })
}

/// Lists of bytes may be anything: what they are taken for is told.
pub(super) fn read_as_numbers(d: usize, range: &str) -> String {
    format!(
        "lists of {d} bytes are compared as {d} numbers, {range}: where they are bytes of halves, --dtype f16 or bf16 says so; packed bits must be unpacked first"
    )
}
