//! Pools, row lists and weights in Parquet and Arrow files.

mod arrow;
mod numbers;
mod pages;
mod parquet;
mod vectors;

use arrow_array::ArrayRef;
use arrow_schema::{DataType, FieldRef, Schema};

use self::vectors::assemble;
use super::numbers::Entry;
use super::{Bytes, Pool, Reason, choose};
use crate::foreign::guarded;

pub(super) fn read_parquet(
    bytes: Bytes<'static>,
    name: Option<&str>,
) -> Result<Pool<'static>, Reason> {
    decoded(|| {
        assemble(parquet::column(bytes, |schema| vectors_column(schema, name), vectors::piece)?)
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

/// The numbers in the column `name`, or in the only one.
pub(super) fn read_numbers(bytes: Bytes<'static>, name: &str) -> Result<Vec<Entry>, Reason> {
    let pick = |schema: &Schema| number_column(schema, name);
    let chunks = decoded(|| parquet::column(bytes, pick, numbers::piece))?;
    Ok(chunks.into_iter().flatten().collect())
}

/// What `read` gives; a decoder's panic is an error.
fn decoded<T>(read: impl FnOnce() -> Result<T, Reason>) -> Result<T, Reason> {
    guarded(read).unwrap_or_else(|| Err("is damaged: decoding failed".into()))
}

/// What becomes of one chunk of a column, given the number of its first row.
trait Piece<P>: Fn(ArrayRef, usize) -> Result<P, Reason> + Sync {}

impl<P, F: Fn(ArrayRef, usize) -> Result<P, Reason> + Sync> Piece<P> for F {}

/// Position of the column `name`, or of the only one that holds lists.
fn vectors_column(schema: &Schema, name: Option<&str>) -> Result<usize, Reason> {
    let fields = schema.fields().iter().enumerate();
    let lists = |(index, field): (usize, &'_ FieldRef)| {
        item_type(field.data_type()).map(|item| (index, field.name().clone(), item.clone()))
    };
    let lists: Vec<(usize, String, DataType)> = fields.filter_map(lists).collect();
    let names: Vec<&str> = lists.iter().map(|(_, name, _)| name.as_str()).collect();
    let (index, name, item) = &lists[choose("columns of lists", &names, name)?];
    vectors::kind(item).map_err(|reason| format!("column '{name}' {reason}"))?;
    Ok(*index)
}

/// Of the items, if `lists` is a type of lists.
fn item_type(lists: &DataType) -> Option<&DataType> {
    match lists {
        DataType::FixedSizeList(item, _) | DataType::List(item) | DataType::LargeList(item) => {
            Some(item.data_type())
        }
        _ => None,
    }
}

fn number_column(schema: &Schema, name: &str) -> Result<usize, Reason> {
    let fields = schema.fields();
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    choose("columns", &names, (names.len() > 1).then_some(name))
}
