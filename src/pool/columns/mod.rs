//! Pools, row lists and weights in Parquet and Arrow files.

mod arrow;
mod numbers;
mod parquet;
mod vectors;

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::ArrayRef;
use arrow_schema::{DataType, Schema};

use self::vectors::assemble;
use super::numbers::Entry;
use super::{Bytes, Pool, Reason, choose};

pub(super) fn read_parquet(
    bytes: Bytes<'static>,
    name: Option<&str>,
) -> Result<Pool<'static>, Reason> {
    guarded(|| {
        assemble(parquet::column(bytes, |schema| vectors_column(schema, name), vectors::piece)?)
    })
}

pub(super) fn read_arrow(
    bytes: Bytes<'static>,
    name: Option<&str>,
) -> Result<Pool<'static>, Reason> {
    guarded(|| {
        assemble(arrow::column(bytes, |schema| vectors_column(schema, name), vectors::piece)?)
    })
}

/// The numbers in the column `name`, or in the only one.
pub(super) fn read_numbers(bytes: Bytes<'static>, name: &str) -> Result<Vec<Entry>, Reason> {
    let pick = |schema: &Schema| number_column(schema, name);
    let chunks = guarded(|| parquet::column(bytes, pick, numbers::piece))?;
    Ok(chunks.into_iter().flatten().collect())
}

/// What becomes of one chunk of a column, given the number of its first row.
trait Piece<P>: Fn(ArrayRef, usize) -> Result<P, Reason> + Sync {}

impl<P, F: Fn(ArrayRef, usize) -> Result<P, Reason> + Sync> Piece<P> for F {}

/// Damaged files make the decoders panic where they should refuse (none known; they parse deep formats).
fn guarded<T>(read: impl FnOnce() -> Result<T, Reason>) -> Result<T, Reason> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err("is damaged: decoding failed".into()))
}

/// Position of the column `name`, or of the only one that holds lists.
fn vectors_column(schema: &Schema, name: Option<&str>) -> Result<usize, Reason> {
    let fields = schema.fields().iter();
    let lists = fields.filter(|field| item_type(field.data_type()).is_some());
    let names: Vec<&str> = lists.map(|field| field.name().as_str()).collect();
    let chosen = choose("columns of lists", &names, name)?;
    let index = position(schema, chosen)?;
    vectors::kind(item_type(schema.field(index).data_type()).expect("a list"))
        .map_err(|reason| format!("column '{chosen}' {reason}"))?;
    Ok(index)
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
    let only = names.len() == 1;
    position(schema, choose("columns", &names, (!only).then_some(name))?)
}

fn position(schema: &Schema, name: &str) -> Result<usize, Reason> {
    schema.index_of(name).map_err(|error| error.to_string().into())
}
