//! Columns of numbers, for row lists and weights.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::picked::Picked;
use crate::pool::lists::entry::{Entry, Number};
use crate::pool::reason::Reason;

/// The numbers of the one column that was picked; the first is in row `first_row` of the file.
pub(super) fn piece(
    _: &Picked,
    mut columns: Vec<ArrayRef>,
    first_row: usize,
) -> Result<Vec<Entry>, Reason> {
    let column = columns.swap_remove(0);
    let numbers = match column.data_type() {
        DataType::Int8 => integers::<Int8Type>(&column),
        DataType::Int16 => integers::<Int16Type>(&column),
        DataType::Int32 => integers::<Int32Type>(&column),
        DataType::Int64 => integers::<Int64Type>(&column),
        DataType::UInt8 => integers::<UInt8Type>(&column),
        DataType::UInt16 => integers::<UInt16Type>(&column),
        DataType::UInt32 => integers::<UInt32Type>(&column),
        DataType::UInt64 => integers::<UInt64Type>(&column),
        DataType::Float16 => floats::<Float16Type>(&column),
        DataType::Float32 => floats::<Float32Type>(&column),
        DataType::Float64 => floats::<Float64Type>(&column),
        other => return Err(format!("holds values of type {other}, not numbers").into()),
    };
    let entry = |(at, number)| {
        let number = if column.is_null(at) { Number::Missing } else { number };
        Entry { place: first_row + at, number }
    };
    Ok(numbers.into_iter().enumerate().map(entry).collect())
}

fn integers<T: ArrowPrimitiveType<Native: Into<i128>>>(column: &ArrayRef) -> Vec<Number> {
    column.as_primitive::<T>().values().iter().map(|&v| Number::Integer(v.into())).collect()
}

fn floats<T: ArrowPrimitiveType<Native: Into<f64>>>(column: &ArrayRef) -> Vec<Number> {
    column.as_primitive::<T>().values().iter().map(|&v| Number::Float(v.into())).collect()
}
