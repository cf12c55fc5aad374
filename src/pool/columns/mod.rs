//! Pools, row lists and weights in Parquet and Arrow files.
//!
//! | file | what it has |
//! | --- | --- |
//! | `parquet`, `pages` | one column of a Parquet file; the sizes that its pages claim, checked first |
//! | `arrow` | one column of an Arrow file or stream |
//! | `piece` | a column decoded chunk by chunk |
//! | `vectors`, `numbers` | lists as rows of a pool; numbers as row lists and weights |

mod arrow;
mod numbers;
mod pages;
mod parquet;
mod piece;
mod vectors;

use arrow_schema::{DataType, FieldRef, Schema};

use self::piece::decoded;
use self::vectors::assemble;
use super::Pool;
use super::bytes::Bytes;
use super::choose::choose;
use super::column::Column;
use super::entry::Entry;
use super::reason::Reason;

pub(super) fn read_parquet(
    bytes: Bytes<'static>,
    name: Option<&str>,
) -> Result<Pool<'static>, Reason> {
    decoded(|| {
        let file = bytes::Bytes::from_owner(bytes);
        assemble(parquet::column(&file, |schema| vectors_column(schema, name), vectors::piece)?)
    })
}

pub(super) fn read_arrow(
    bytes: Bytes<'static>,
    name: Option<&str>,
) -> Result<Pool<'static>, Reason> {
    decoded(|| {
        assemble(arrow::column(bytes, |schema| vectors_column(schema, name), vectors::piece)?)
    })
}

/// The numbers in `column`.
pub(super) fn read_numbers(bytes: Bytes<'static>, column: Column) -> Result<Vec<Entry>, Reason> {
    entries(&bytes::Bytes::from_owner(bytes), column)
}

/// As [`read_numbers`], if there is the column `usual`.
pub(super) fn read_if_named(
    bytes: Bytes<'static>,
    usual: &'static str,
) -> Result<Option<Vec<Entry>>, Reason> {
    let file = bytes::Bytes::from_owner(bytes);
    let is_named = decoded(|| Ok(names(&*parquet::schema(&file)?).contains(&usual)))?;
    is_named.then(|| entries(&file, Column::usual(usual))).transpose()
}

fn entries(file: &bytes::Bytes, column: Column) -> Result<Vec<Entry>, Reason> {
    let pick = |schema: &Schema| column.position(&names(schema));
    let chunks = decoded(|| parquet::column(file, pick, numbers::piece))?;
    Ok(chunks.into_iter().flatten().collect())
}

fn names(schema: &Schema) -> Vec<&str> {
    schema.fields().iter().map(|field| field.name().as_str()).collect()
}

/// Position of the column `name`, or of the only one that holds lists.
fn vectors_column(schema: &Schema, name: Option<&str>) -> Result<usize, Reason> {
    let fields = schema.fields().iter().enumerate();
    let lists = |(index, field): (usize, &'_ FieldRef)| {
        item_type(field.data_type()).map(|item| (index, field.name().clone(), item.clone()))
    };
    let lists: Vec<(usize, String, DataType)> = fields.filter_map(lists).collect();
    refuse_bytes(schema, name, lists.is_empty())?;
    let names: Vec<&str> = lists.iter().map(|(_, name, _)| name.as_str()).collect();
    let (index, name, item) = &lists[choose("columns of lists", &names, name)?];
    vectors::dtype(item).map_err(|reason| format!("column '{name}' {reason}"))?;
    Ok(*index)
}

/// Refuse a column of bytes that was named, or that stands where `no_lists` do.
fn refuse_bytes(schema: &Schema, name: Option<&str>, no_lists: bool) -> Result<(), Reason> {
    let is_meant = |field: &&FieldRef| name.map_or(no_lists, |name| field.name() == name);
    let is_bytes = |field: &&FieldRef| {
        let kind = field.data_type();
        kind.is_binary() || matches!(kind, DataType::FixedSizeBinary(_))
    };
    match schema.fields().iter().filter(is_bytes).find(is_meant) {
        Some(field) => Err(format!(
            "column '{}' holds bytes, which may be values of any type: decode them, and write a column of lists of float32",
            field.name()
        )
        .into()),
        None => Ok(()),
    }
}

/// The type of the items, if `lists` is a type of lists.
fn item_type(lists: &DataType) -> Option<&DataType> {
    match lists {
        DataType::FixedSizeList(item, _) | DataType::List(item) | DataType::LargeList(item) => {
            Some(item.data_type())
        }
        _ => None,
    }
}
