//! Columns of ids: texts and whole numbers.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::picked::Picked;
use crate::pool::ids::IdRef;
use crate::pool::reason::Reason;

/// Takes a row and its id.
type Take<'t> = dyn FnMut(usize, IdRef) -> Result<(), Reason> + 't;

/// Bytes of a UUID.
const UUID_BYTES: i32 = 16;

/// A chunk of the one column that was picked, whose first value is in row `first_row` of the file.
#[expect(clippy::unnecessary_wraps, reason = "a piece may be refused")]
pub(super) fn piece(
    _: &Picked,
    mut columns: Vec<ArrayRef>,
    first_row: usize,
) -> Result<(ArrayRef, usize), Reason> {
    Ok((columns.swap_remove(0), first_row))
}

/// The ids of a chunk, each given to `take` with its row. None may be null.
pub(super) fn each(column: &ArrayRef, first_row: usize, take: &mut Take) -> Result<(), Reason> {
    if column.null_count() > 0 {
        let at = (0..column.len()).find(|&at| column.is_null(at)).unwrap_or(0);
        return Err(format!("row {} has no id: it is null", first_row + at).into());
    }
    let mut at = first_row;
    each_value(column, &mut |id| {
        take(at, id)?;
        at += 1;
        Ok(())
    })
}

fn each_value(
    column: &ArrayRef,
    take: &mut dyn FnMut(IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let mut text = |text: Option<&str>| match text {
        Some(text) => take(IdRef::Text(text)),
        None => Err("has a null in the dictionary of its ids".into()),
    };
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().try_for_each(text),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().try_for_each(text),
        DataType::Utf8View => column.as_string_view().iter().try_for_each(text),
        DataType::Int8 => integers::<Int8Type>(column, take),
        DataType::Int16 => integers::<Int16Type>(column, take),
        DataType::Int32 => integers::<Int32Type>(column, take),
        DataType::Int64 => integers::<Int64Type>(column, take),
        DataType::UInt8 => integers::<UInt8Type>(column, take),
        DataType::UInt16 => integers::<UInt16Type>(column, take),
        DataType::UInt32 => integers::<UInt32Type>(column, take),
        DataType::UInt64 => integers::<UInt64Type>(column, take),
        DataType::FixedSizeBinary(UUID_BYTES) => {
            let uuids = column.as_fixed_size_binary();
            (0..uuids.len()).try_for_each(|at| text(Some(&uuid(uuids.value(at)))))
        }
        DataType::Dictionary(..) => {
            let coded = column.as_any_dictionary();
            let values = coded.values();
            let keys = coded.normalized_keys();
            keys.into_iter().try_for_each(|key| each_value(&values.slice(key, 1), take))
        }
        other => Err(format!("holds {other} where ids are texts or whole numbers").into()),
    }
}

fn integers<T: ArrowPrimitiveType<Native: Into<i128>>>(
    column: &ArrayRef,
    take: &mut dyn FnMut(IdRef) -> Result<(), Reason>,
) -> Result<(), Reason> {
    column.as_primitive::<T>().values().iter().try_for_each(|&value| {
        let number: i128 = value.into();
        match i64::try_from(number) {
            Ok(number) => take(IdRef::Integer(number)),
            Err(_) => take(IdRef::Text(&number.to_string())),
        }
    })
}

/// 16 bytes as UUIDs are written.
fn uuid(bytes: &[u8]) -> String {
    let hex = |part: &[u8]| part.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let parts = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]];
    parts.map(hex).join("-")
}
