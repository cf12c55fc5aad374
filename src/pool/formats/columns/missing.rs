//! Rows of columns that have no values: null, a list of none, or with a null among their values.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, GenericListArray, GenericListViewArray, OffsetSizeTrait, UInt64Array,
};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;
use arrow_select::take::take;

use super::picked::{How, Picked};
use crate::pool::reason::Reason;

/// The rows of `columns`, those that were picked, that have no values, in order.
pub(super) fn rows(picked: &Picked, columns: &[ArrayRef]) -> Vec<usize> {
    let below = match &picked.how {
        How::Wide(_) => &[][..],
        How::Field { below, .. } => below,
    };
    let rows = columns.first().map_or(0, Array::len);
    let missing: Vec<Vec<bool>> = columns.iter().map(|column| are_missing(column, below)).collect();
    (0..rows).filter(|&row| missing.iter().any(|column| column[row])).collect()
}

/// `columns` with values of the first other row in the place of `missing` ones; none where there is no other row.
pub(super) fn replaced(
    columns: Vec<ArrayRef>,
    missing: &[usize],
) -> Result<Option<Vec<ArrayRef>>, Reason> {
    let rows = columns.first().map_or(0, Array::len);
    if missing.is_empty() {
        return Ok(Some(columns));
    }
    let good = missing.iter().enumerate().position(|(at, &row)| at != row);
    let good = good.unwrap_or(missing.len());
    if good == rows {
        return Ok(None);
    }
    let mut source: Vec<u64> = (0..rows as u64).collect();
    missing.iter().for_each(|&row| source[row] = good as u64);
    let source = UInt64Array::from(source);
    let taken = columns.iter().map(|column| take(column, &source, None));
    taken.collect::<Result<_, _>>().map(Some).map_err(|error| error.to_string().into())
}

/// Of each row of `column`, whether it is null, or the field `below` of it has no values.
fn are_missing(column: &ArrayRef, below: &[String]) -> Vec<bool> {
    let field = below.split_first().and_then(|(name, below)| {
        let field = column.as_struct_opt()?.column_by_name(name)?;
        Some(are_missing(field, below))
    });
    let mut missing = field.unwrap_or_else(|| are_empty(column));
    let nulls = column.nulls().into_iter().flat_map(NullBuffer::iter);
    missing.iter_mut().zip(nulls).for_each(|(missing, is_there)| *missing |= !is_there);
    missing
}

/// Of each row, whether it is a list without items, or with one that has no values, or no bytes. Of a vector of Spark, its values are looked at.
fn are_empty(column: &ArrayRef) -> Vec<bool> {
    match column.data_type() {
        DataType::List(_) => of_lists(column.as_list::<i32>()),
        DataType::LargeList(_) => of_lists(column.as_list::<i64>()),
        DataType::ListView(_) => of_views(column.as_list_view::<i32>()),
        DataType::LargeListView(_) => of_views(column.as_list_view::<i64>()),
        DataType::FixedSizeList(..) => {
            let lists = column.as_fixed_size_list();
            let d = usize::try_from(lists.value_length()).unwrap_or(0);
            lack_items(lists.values(), (0..lists.len()).map(|row| row * d..(row + 1) * d))
        }
        DataType::Binary => of_bytes(column.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => of_bytes(column.as_binary::<i64>().value_offsets()),
        DataType::BinaryView => {
            column.as_binary_view().iter().map(|bytes| bytes.is_none_or(<[u8]>::is_empty)).collect()
        }
        DataType::Struct(_) => match column.as_struct().column_by_name("values") {
            Some(values) => are_missing(values, &[]),
            None => vec![false; column.len()],
        },
        _ => vec![false; column.len()],
    }
}

fn of_lists<O: OffsetSizeTrait>(lists: &GenericListArray<O>) -> Vec<bool> {
    let offsets = lists.value_offsets().windows(2);
    lack_items(lists.values(), offsets.map(|ends| ends[0].as_usize()..ends[1].as_usize()))
}

fn of_bytes<O: OffsetSizeTrait>(offsets: &[O]) -> Vec<bool> {
    offsets.windows(2).map(|ends| ends[0] == ends[1]).collect()
}

fn of_views<O: OffsetSizeTrait>(lists: &GenericListViewArray<O>) -> Vec<bool> {
    let starts = lists.value_offsets().iter().zip(lists.value_sizes());
    let items = starts.map(|(start, size)| start.as_usize()..start.as_usize() + size.as_usize());
    lack_items(lists.values(), items)
}

/// Of each of `lists`, which are ranges of `items`, whether it has none, or one without values.
fn lack_items(items: &ArrayRef, lists: impl Iterator<Item = Range<usize>>) -> Vec<bool> {
    let missing = are_missing(items, &[]);
    let lacks = |list: Range<usize>| {
        // Where a list reaches past its items, the file is refused later.
        list.is_empty() || missing.get(list).is_some_and(|items| items.contains(&true))
    };
    lists.map(lacks).collect()
}
