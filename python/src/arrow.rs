//! Arrow's C interfaces: columns of lists as other libraries lend them, polars, pyarrow and DuckDB among them.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::{ArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::{Array, ArrayReader, ArrayRef, GenericListArray, OffsetSizeTrait, make_array};
use arrow_schema::{ArrowError, DataType};
use farpoint::Dtype;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::lent::{Keeper, Lent, Place};

/// Libraries that hold other arrays, and would make new ones for Arrow: what they hold is asked of them in Python.
const MADE: [&str; 2] = ["pandas", "xarray"];
/// Where the package has its own `Pieces`, which gathers a column piece by piece: in Python, whose exceptions a C stream would lose.
const PIECES: &str = "farpoint._columns";
const STREAM: &CStr = c"arrow_array_stream";
const ARRAY: &CStr = c"arrow_array";
const SCHEMA: &CStr = c"arrow_schema";

/// The rows in `object`, called `what` in errors: its entries are lists, or it has one column, whose entries are. `None` of all that
/// lends no such column.
///
/// # Errors
/// TypeError: values that pools have not. ValueError: nulls, rows of several lengths. What a signal raises between two pieces.
pub fn of(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Option<Lent>> {
    let py = object.py();
    let module = object.get_type().module()?;
    let module = module.to_str()?;
    if module.split('.').next().is_some_and(|library| MADE.contains(&library)) {
        return Ok(None);
    }
    if module == PIECES {
        let pieces = object.try_iter()?.map(|piece| lent_array(&piece?));
        return read(py, pieces, what).map(Some);
    }
    if let Some(lend) = object.getattr_opt(pyo3::intern!(py, "__arrow_c_stream__"))? {
        let capsule = lend.call0()?;
        let reader = stream(capsule.cast()?)?;
        if holds_views(reader.field().data_type()) {
            return of_views(object, what);
        }
        return match holds_rows(reader.field().data_type()) {
            true => read(py, reader.map(|piece| piece.map_err(refused)), what).map(Some),
            false => Ok(None),
        };
    }
    if object.hasattr(pyo3::intern!(py, "__arrow_c_array__"))? {
        let array = lent_array(object)?;
        if holds_views(array.data_type()) {
            return of_views(object, what);
        }
        return match holds_rows(array.data_type()) {
            true => read(py, [Ok(array)], what).map(Some),
            false => Ok(None),
        };
    }
    Ok(None)
}

/// The pieces of a column, one after another: where there are several, each goes before the next one comes, so that a query's answer is never
/// in memory twice.
fn read(
    py: Python<'_>,
    pieces: impl IntoIterator<Item = PyResult<ArrayRef>>,
    what: &str,
) -> PyResult<Lent> {
    let reading = py.import(pyo3::intern!(py, "farpoint._reading"))?.getattr("Reading")?;
    let reading = reading.call1((what, py.None()))?;
    let mut rows = Rows { what, ..Rows::default() };
    let read = pieces.into_iter().try_for_each(|piece| {
        rows.add(&column(&piece?))?;
        py.check_signals()?;
        reading.call_method1(pyo3::intern!(py, "has"), (rows.n,)).map(drop)
    });
    reading.call_method1("__exit__", (py.None(), py.None(), py.None()))?;
    read.and_then(|()| rows.lent(py))
}

fn stream(capsule: &Bound<'_, PyCapsule>) -> PyResult<ArrayStreamReader> {
    let stream = capsule.pointer_checked(Some(STREAM))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: a capsule of this name holds such a stream. It is moved out, and what is left there is marked as released, which the capsule's
    // destructor heeds.
    unsafe { ArrayStreamReader::from_raw(stream.as_ptr()) }.map_err(refused)
}

/// An array that is lent by itself.
fn lent_array(object: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let pair = object.call_method0(pyo3::intern!(object.py(), "__arrow_c_array__"))?;
    array(pair.cast()?)
}

fn array(pair: &Bound<'_, PyTuple>) -> PyResult<ArrayRef> {
    let [schema, array] = [(0, SCHEMA), (1, ARRAY)];
    let pointer = |(at, name): (usize, &'static CStr)| {
        let capsule = pair.get_item(at)?;
        capsule.cast::<PyCapsule>()?.pointer_checked(Some(name))
    };
    let (schema, array) =
        (pointer(schema)?.cast::<FFI_ArrowSchema>(), pointer(array)?.cast::<FFI_ArrowArray>());
    // SAFETY: capsules of these names hold such structs, which agree with each other by the interface's rules. The array is moved out, and
    // what is left there is marked as released; the schema is only read, while its capsule is held.
    let data = unsafe { from_ffi(FFI_ArrowArray::from_raw(array.as_ptr()), schema.as_ref()) };
    Ok(make_array(data.map_err(refused)?))
}

fn refused(error: ArrowError) -> PyErr {
    PyTypeError::new_err(error.to_string())
}

/// Lists that lie in any order are put into theirs, by the library that has them.
fn of_views(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Option<Lent>> {
    let columns = object.py().import(pyo3::intern!(object.py(), "farpoint._columns"))?;
    of(&columns.call_method1("of_views", (object, what))?, what)
}

/// Whether entries are lists.
fn holds_rows(data_type: &DataType) -> bool {
    is_list(entries(data_type))
}

/// Whether entries are lists that may lie in any order, of pyarrow: it alone lends such.
fn holds_views(data_type: &DataType) -> bool {
    matches!(entries(data_type), DataType::ListView(_) | DataType::LargeListView(_))
}

/// The type of a column's entries, or of the only column there is.
fn entries(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Struct(columns) if columns.len() == 1 => columns[0].data_type(),
        data_type => data_type,
    }
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::FixedSizeList(..) | DataType::List(_) | DataType::LargeList(_))
}

/// The only column of a struct; else the array itself.
fn column(array: &ArrayRef) -> ArrayRef {
    array.as_struct_opt().map_or_else(|| Arc::clone(array), |table| Arc::clone(table.column(0)))
}

/// The rows of a column, piece by piece.
#[derive(Default)]
struct Rows<'w> {
    what: &'w str,
    n: usize,
    d: Option<usize>,
    dtype: Option<Dtype>,
    /// Pieces that have rows.
    pieces: usize,
    /// The values of the first one.
    first: Option<ArrayRef>,
    /// Those of all, once there is a second one.
    joined: Vec<u8>,
}

impl Rows<'_> {
    fn add(&mut self, lists: &ArrayRef) -> PyResult<()> {
        let (values, d) = self.flat(lists, lists.len())?;
        let dtype = self.dtype(values.data_type())?;
        if lists.is_empty() {
            return Ok(());
        }
        if self.d.is_some_and(|before| before != d) {
            return Err(self.ragged(self.n, d, self.d.unwrap_or(d)));
        }
        (self.d, self.dtype) = (Some(d), Some(dtype));
        self.n += lists.len();
        self.pieces += 1;
        if self.pieces == 1 {
            self.first = Some(values);
            return Ok(());
        }
        if let Some(first) = self.first.take() {
            append(&mut self.joined, &first, dtype);
        }
        append(&mut self.joined, &values, dtype);
        Ok(())
    }

    /// The values of all lists in order, those of lists in lists too, and how many each of `rows` rows has.
    fn flat(&self, lists: &ArrayRef, rows: usize) -> PyResult<(ArrayRef, usize)> {
        if let Some(at) = first_null(lists) {
            let each = lists.len() / rows;
            let what = match each {
                1 => "is null",
                _ => {
                    "holds a null, as which pandas writes NaN: fill such values, or drop their rows"
                }
            };
            return Err(self.wrong(format!("row {} {what}", self.n + at / each)));
        }
        let (values, each) = match lists.data_type() {
            DataType::FixedSizeList(_, each) => {
                let values = Arc::clone(lists.as_fixed_size_list().values());
                (values, usize::try_from(*each).unwrap_or(0))
            }
            DataType::List(_) => self.even(lists.as_list::<i32>())?,
            DataType::LargeList(_) => self.even(lists.as_list::<i64>())?,
            _ => return Ok((Arc::clone(lists), 1)),
        };
        let (values, inner) = self.flat(&values, rows)?;
        Ok((values, each * inner))
    }

    /// The values of lists that have equally many.
    fn even<O: OffsetSizeTrait>(&self, lists: &GenericListArray<O>) -> PyResult<(ArrayRef, usize)> {
        let offsets: &[O] = lists.value_offsets();
        let length = |row: usize| (offsets[row + 1] - offsets[row]).as_usize();
        let each = if lists.is_empty() { 0 } else { length(0) };
        if let Some(row) = (0..lists.len()).find(|&row| length(row) != each) {
            return Err(self.ragged(self.n + row, length(row), each));
        }
        let start = offsets.first().map_or(0, |first| first.as_usize());
        Ok((lists.values().slice(start, each * lists.len()), each))
    }

    fn dtype(&self, data_type: &DataType) -> PyResult<Dtype> {
        Ok(match data_type {
            DataType::Float64 => Dtype::F64,
            DataType::Float32 => Dtype::F32,
            DataType::Float16 => Dtype::F16,
            DataType::UInt8 => Dtype::U8,
            DataType::Int8 => Dtype::I8,
            other => {
                let name = other.to_string().to_lowercase();
                return Err(PyTypeError::new_err(format!(
                    "the {} has {name} values; a pool has float32, float64, float16, uint8 or int8: cast the column",
                    self.what
                )));
            }
        })
    }

    fn wrong(&self, of: String) -> PyErr {
        PyValueError::new_err(format!("the {}: {of}", self.what))
    }

    fn ragged(&self, row: usize, values: usize, before: usize) -> PyErr {
        self.wrong(format!("row {row} has {values} values, and row 0 has {before}"))
    }

    /// All of it where it lies, if it lies in one piece; else a copy, of which a warning tells.
    fn lent(self, py: Python<'_>) -> PyResult<Lent> {
        let (n, d) = (self.n, self.d.unwrap_or(0));
        let dtype = self.dtype.unwrap_or(Dtype::F32);
        let (address, keeper): (u64, Keeper) = match self.first {
            Some(values) => (address(&values, dtype), Box::new(values)),
            None if self.pieces == 0 => (0, Box::new(())),
            None => {
                let Rows { what, pieces, joined, .. } = self;
                let bytes = joined.len();
                let message =
                    format!("the {what} lies in {pieces} pieces: copied in memory ({bytes} bytes)");
                let warnings = py.import(pyo3::intern!(py, "farpoint._warnings"))?;
                warnings.call_method1("warn", (message,))?;
                (joined.as_ptr().expose_provenance() as u64, Box::new(joined))
            }
        };
        Ok(Lent {
            address,
            place: Place::Host,
            shape: vec![n, d],
            is_row_major: true,
            dtype: Ok(dtype),
            stream: None,
            keeper,
        })
    }
}

fn first_null(array: &ArrayRef) -> Option<usize> {
    let nulls = array.logical_nulls()?;
    nulls.iter().position(|is_valid| !is_valid)
}

/// Where the first value lies.
fn address(values: &ArrayRef, dtype: Dtype) -> u64 {
    let data = values.to_data();
    let start = data.buffers()[0].as_ptr().expose_provenance();
    (start + data.offset() * dtype.bytes()) as u64
}

/// The bytes of all values behind those of others. Large vectors grow where they lie, by the system's remapping.
fn append(joined: &mut Vec<u8>, values: &ArrayRef, dtype: Dtype) {
    let data = values.to_data();
    let first = data.offset() * dtype.bytes();
    joined.extend_from_slice(&data.buffers()[0][first..][..values.len() * dtype.bytes()]);
}
