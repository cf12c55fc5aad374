//! Which columns of a table hold the vectors, and how.

use arrow_schema::{DataType, Field, Schema};

use super::types::{self, Items, is_bytes, is_spark, items};
use crate::pool::Dtype;
use crate::pool::formats::choose::choose;
use crate::pool::formats::wide;
use crate::pool::meant::Meant;
use crate::pool::reason::Reason;

/// What Parquet's own schema has behind the name of a column of lists.
const OF_LISTS: [&str; 6] = [
    ".list.element",
    ".list.item",
    ".list.array_element",
    ".bag.array_element",
    ".element",
    ".item",
];
/// Structs within structs that are looked into.
const DEPTH: usize = 16;

/// The columns that are read.
pub(super) struct Picked {
    /// Their positions in the file, ascending.
    pub roots: Vec<usize>,
    pub how: How,
    /// What raw values are.
    pub dtype: Option<Dtype>,
    /// Whether rows without values are left out later.
    pub skips_bad: bool,
}

pub(super) enum How {
    /// The field of so many names below one column, which is a struct unless there are none.
    Field { below: Vec<String>, data_type: DataType },
    /// Columns of numbers, a dimension each.
    Wide(Vec<Field>),
}

impl Picked {
    /// One column, of whatever it holds.
    pub fn column(schema: &Schema, root: usize) -> Picked {
        let data_type = schema.field(root).data_type().clone();
        let how = How::Field { below: Vec::new(), data_type };
        Picked { roots: vec![root], how, dtype: None, skips_bad: false }
    }

    /// What is meant in a table of this `schema`.
    pub fn of(schema: &Schema, meant: Meant) -> Result<Picked, Reason> {
        if let Some(patterns) = meant.columns {
            let (roots, how) = wide_columns(schema, patterns)?;
            return Ok(Picked { roots, how, dtype: meant.dtype, skips_bad: meant.skips_bad });
        }
        let found = candidates(schema);
        let chosen = match meant.name {
            Some(name) => named(&found, name)?,
            None => only(&found, schema, meant.dtype)?,
        };
        let Candidate { name, root, below, data_type } = chosen;
        check(data_type, meant).map_err(|reason| format!("column '{name}' {reason}"))?;
        let how = How::Field { below: below.clone(), data_type: data_type.clone() };
        Ok(Picked { roots: vec![*root], how, dtype: meant.dtype, skips_bad: meant.skips_bad })
    }

    /// Whether the leaf of this column `root` and of these names below it is read.
    pub fn reads(&self, root: usize, names: &[String]) -> bool {
        let is_below = match &self.how {
            How::Field { below, .. } => names.starts_with(below),
            How::Wide(_) => true,
        };
        is_below && self.roots.binary_search(&root).is_ok()
    }
}

/// A column or a field that may hold vectors.
struct Candidate {
    /// With points between the names of structs.
    name: String,
    root: usize,
    below: Vec<String>,
    data_type: DataType,
}

fn candidates(schema: &Schema) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (root, field) in schema.fields().iter().enumerate() {
        descend(field, root, &mut Vec::new(), field.name(), &mut found);
    }
    found
}

fn descend(
    field: &Field,
    root: usize,
    below: &mut Vec<String>,
    name: &str,
    found: &mut Vec<Candidate>,
) {
    match field.data_type() {
        DataType::Struct(fields) if !is_spark(fields) => {
            let is_deep = below.len() >= DEPTH;
            for field in fields.iter().filter(|_| !is_deep) {
                below.push(field.name().clone());
                descend(field, root, below, &format!("{name}.{}", field.name()), found);
                below.pop();
            }
        }
        kind if items(kind).is_some() => {
            let (name, below, data_type) = (name.to_string(), below.clone(), kind.clone());
            found.push(Candidate { name, root, below, data_type });
        }
        _ => {}
    }
}

/// The column that is called `name`, also as Parquet's schema and Spark call what is in it. Of two of one name, the one of lists.
fn named<'c>(found: &'c [Candidate], name: &str) -> Result<&'c Candidate, Reason> {
    let exact = |wanted: &str| found.iter().find(|candidate| candidate.name == wanted);
    let inner = OF_LISTS.iter().find_map(|end| exact(name.strip_suffix(end)?));
    let spark = || {
        let outer = exact(name.strip_suffix(".values")?)?;
        matches!(items(&outer.data_type), Some(Items::Spark)).then_some(outer)
    };
    if let Some(candidate) = exact(name).or(inner).or_else(spark) {
        return Ok(candidate);
    }
    let names: Vec<&str> = found.iter().map(|candidate| candidate.name.as_str()).collect();
    choose("columns of lists", &names, Some(name)).map(|at| &found[at])
}

/// The only column of values that pools have, if there is one: others beside it, of tokens say, are not meant.
fn only<'c>(
    found: &'c [Candidate],
    schema: &Schema,
    dtype: Option<Dtype>,
) -> Result<&'c Candidate, Reason> {
    let is = |candidate: &&Candidate, wanted: &dyn Fn(Items) -> bool| {
        items(&candidate.data_type).is_some_and(wanted)
    };
    let are_values = |items: Items| match items {
        Items::Values(item) => types::dtype(item, dtype).is_ok(),
        Items::Spark => true,
        Items::Bytes => dtype.is_some(),
        Items::Lists(_) => false,
    };
    let values: Vec<&Candidate> = found.iter().filter(|c| is(c, &are_values)).collect();
    if let [only] = values[..] {
        return Ok(only);
    }
    let is_list = |items: Items| matches!(items, Items::Values(_) | Items::Spark);
    let lists: Vec<&Candidate> = found.iter().filter(|c| is(c, &is_list)).collect();
    if lists.is_empty() {
        return Err(no_lists(found, schema));
    }
    let names: Vec<&str> = lists.iter().map(|candidate| candidate.name.as_str()).collect();
    choose("columns of lists", &names, None).map(|at| lists[at])
}

/// What to do about a table without a column of lists of values.
fn no_lists(found: &[Candidate], schema: &Schema) -> Reason {
    let nested = found.iter().find(|c| matches!(items(&c.data_type), Some(Items::Lists(_))));
    if let Some(Candidate { name, .. }) = nested {
        return format!(
            "column '{name}' holds lists of lists: --tensor '{name}' takes each row flattened"
        )
        .into();
    }
    if let Some(Candidate { name, .. }) = found.iter().find(|c| is_bytes(&c.data_type)) {
        return format!("column '{name}' {BYTES}").into();
    }
    let fields = schema.fields();
    let is_number = |at: &usize| types::dtype(fields[*at].data_type(), None).is_ok();
    let numbers: Vec<usize> = (0..fields.len()).filter(is_number).collect();
    if numbers.is_empty() {
        return "holds no columns of lists".into();
    }
    wide::advice(&numbers, &super::names(schema))
}

const BYTES: &str =
    "holds bytes, which may be values of any type: --dtype f16, bf16 or f32 says of which";

/// Whether a pool can be read from a column of this type.
fn check(data_type: &DataType, meant: Meant) -> Result<(), Reason> {
    match items(data_type) {
        Some(Items::Bytes) if meant.dtype.is_none() => Err(BYTES.into()),
        Some(Items::Values(item) | Items::Lists(item)) => types::dtype(item, meant.dtype).map(drop),
        _ => Ok(()),
    }
}

/// The columns that `patterns` match, which must hold numbers of one type.
fn wide_columns(schema: &Schema, patterns: &str) -> Result<(Vec<usize>, How), Reason> {
    let roots = wide::matching(patterns, &super::names(schema))?;
    let fields: Vec<Field> = roots.iter().map(|&root| schema.field(root).clone()).collect();
    let first = &fields[0];
    for field in &fields {
        let (name, kind) = (field.name(), field.data_type());
        if types::dtype(kind, None).is_err() {
            return Err(format!(
                "column '{name}' holds {kind}, and a dimension is of float64, float32, float16, uint8 or int8: leave it out, or cast it"
            )
            .into());
        }
        if kind != first.data_type() {
            let (first, other) = (first.name(), first.data_type());
            return Err(format!(
                "column '{name}' holds {kind}, but '{first}' {other}: cast them to one type"
            )
            .into());
        }
    }
    Ok((roots, How::Wide(fields)))
}
