//! Tables whose vectors are no plain column of lists: a column a dimension, fields of structs, lists of lists, raw values.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use farpoint::Pool;
use farpoint::pool::{OpenOptions, Outline};
use parquet::arrow::ArrowWriter;

use crate::writers::*;

/// The pool of fixture `name` with what is meant in it; its outline must agree.
#[track_caller]
fn open(name: &str, options: OpenOptions) -> Pool<'static> {
    let pool = Pool::open_with(fixture(name), &options).unwrap();
    let outline = Outline::read_with(fixture(name), &options).unwrap();
    let shape = (outline.rows, outline.dimensions, outline.dtype);
    assert_eq!(shape, (pool.rows(), pool.dimensions(), pool.dtype()), "{name}");
    pool
}

fn named(name: &str) -> OpenOptions<'_> {
    OpenOptions { name: Some(name), ..OpenOptions::default() }
}

fn columns(columns: &str) -> OpenOptions<'_> {
    OpenOptions { columns: Some(columns), ..OpenOptions::default() }
}

fn refusal(name: &str, options: OpenOptions) -> String {
    reason(Pool::open_with(fixture(name), &options).unwrap_err())
}

fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )
    .unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// By PyArrow 26.0.1, with brotli and row groups of two rows, and by polars 2.1.0.
#[test]
fn a_column_a_dimension_is_read_in_the_order_of_the_file() {
    for pattern in ["f*", "f0,f1,f2", "f2, f?", "f[0-9]*"] {
        let pool = open("wide_brotli.parquet", columns(pattern));
        assert_pool(&pool, &values(5, 3), 3, "f32");
        assert_eq!(pool.notices(), [""; 0]);
        assert_pool(&open("wide_polars.arrow", columns(pattern)), &values(5, 3), 3, "f64");
    }
    let two: Vec<f32> = (0..5).flat_map(|row| [value(row, 0), value(row, 2)]).collect();
    assert_pool(&open("wide_brotli.parquet", columns("f2,f0")), &two, 2, "f32");
}

#[test]
fn a_table_without_lists_is_refused_with_the_pattern_that_works() {
    for name in ["wide_brotli.parquet", "wide_polars.arrow"] {
        let told = refusal(name, OpenOptions::default());
        let columns = told.split('\'').nth(1).unwrap();
        assert_pool(
            &Pool::open_with(fixture(name), &self::columns(columns)).unwrap(),
            &values(5, 3),
            3,
            if name.ends_with("parquet") { "f32" } else { "f64" },
        );
        assert_eq!(
            told,
            "has no column of lists, but 3 columns of numbers: --columns 'f0,f1,f2' takes each for a dimension"
        );
    }
    let columns: Vec<(String, ArrayRef)> = (0..9)
        .map(|j| (format!("dim_{j}"), Arc::new(Float32Array::from(vec![0.5])) as ArrayRef))
        .collect();
    let columns = columns.iter().map(|(name, column)| (name.as_str(), column.clone())).collect();
    assert_eq!(
        Folder::new().refusal("p.parquet", file(columns)),
        "has no column of lists, but 9 columns of numbers: --columns 'dim_*' takes each for a dimension"
    );
}

#[test]
fn columns_that_are_no_dimensions_are_refused_by_name() {
    assert_eq!(
        refusal("wide_brotli.parquet", columns("*")),
        "column 'id' holds Utf8, and a dimension is of float64, float32, float16, uint8 or int8: leave it out, or cast it"
    );
    assert_eq!(
        refusal("wide_brotli.parquet", columns("g*")),
        "has no column that 'g*' matches: 'id', 'f0', 'f1', 'f2', 'score'"
    );
    assert_eq!(
        Pool::open_with(
            fixture("wide_brotli.parquet"),
            &OpenOptions { name: Some("v"), ..columns("f*") }
        )
        .unwrap_err()
        .to_string(),
        "'v' is one column, and 'f*' are many, a dimension each: give one of the two"
    );
    let folder = Folder::new();
    let write = |columns| folder.write("p.parquet", file(columns));
    let refusal = |path| reason(Pool::open_with(path, &columns("f*")).unwrap_err());
    let single: ArrayRef = Arc::new(Float32Array::from(vec![1.0, 2.0, 3.0]));
    let double: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0]));
    let path = write(vec![("f0", single.clone()), ("f1", double)]);
    assert_eq!(refusal(path), "column 'f1' holds Float64, but 'f0' Float32: cast them to one type");
    let integers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let told = refusal(write(vec![("f0", single.clone()), ("f1", integers)]));
    assert!(told.starts_with("column 'f1' holds Int64, and a dimension is of float64, "), "{told}");
    let gap: ArrayRef = Arc::new(Float32Array::from(vec![Some(1.0), Some(2.0), None]));
    assert_eq!(
        refusal(write(vec![("f0", single.clone()), ("f1", gap)])),
        "row 2 is null in column 'f1'; drop such rows first, or leave them out by --skip-bad"
    );
    let not_finite: ArrayRef = Arc::new(Float32Array::from(vec![1.0, f32::NAN, 3.0]));
    assert_eq!(
        refusal(write(vec![("f0", single), ("f1", not_finite)])),
        "row 1 holds NaN at dimension 1; every value must be finite; --skip-bad leaves such rows out"
    );
    let path = folder.write("p.npy", npy_f32(&values(5, 3), 5, 3));
    let told = reason(Pool::open_with(path, &columns("f*")).unwrap_err());
    assert_eq!(told, "is no table with a column a dimension: leave out 'f*'");
    let words: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    assert_eq!(folder.refusal("w.parquet", file(vec![("w", words)])), "holds no columns of lists");
}

/// Many row groups, rows beyond a batch, and more columns than are named one by one.
#[test]
fn a_wide_table_of_many_batches_reads_back() {
    let (rows, d) = (5_000, 33);
    let columns: Vec<(String, ArrayRef)> = (0..d)
        .map(|j| {
            let column: Vec<f32> = (0..rows).map(|row| value(row, j)).collect();
            (format!("{j}"), Arc::new(Float32Array::from(column)) as ArrayRef)
        })
        .collect();
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = parquet::file::properties::WriterProperties::builder();
    let properties = properties.set_max_row_group_row_count(Some(2_100)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let folder = Folder::new();
    let path = folder.write("p.parquet", writer.into_inner().unwrap());
    let pool = Pool::open_with(&path, &self::columns("*")).unwrap();
    assert_pool(&pool, &values(rows, d), d, "f32");
    let scratch = Folder::new();
    let options =
        OpenOptions { on_disk: true, scratch: Some(scratch.0.path()), ..self::columns("*") };
    assert_pool(&Pool::open_with(&path, &options).unwrap(), &values(rows, d), d, "f32");
}

/// By DuckDB 2.0.1, and as Parquet's own schema names the items.
#[test]
fn fields_of_structs_are_read_by_their_names() {
    for name in [
        "doc.embedding.values",
        "doc.embedding.values.list.element",
        "doc.embedding.values.element",
    ] {
        let pool = open("struct_duckdb.parquet", named(name));
        assert_pool(&pool, &values(5, 3), 3, "f32");
    }
    assert_pool(&open("struct_duckdb.parquet", OpenOptions::default()), &values(5, 3), 3, "f32");
    assert_eq!(
        refusal("struct_duckdb.parquet", named("doc.embedding")),
        "has 'doc.embedding' not among its columns of lists: 'doc.embedding.values'"
    );
    let pool = open("list_snappy.parquet", named("vectors.list.element"));
    assert_pool(&pool, &values(5, 3), 3, "f32");
}

/// As Spark's VectorUDT lies in Parquet; by PyArrow 26.0.1.
#[test]
fn dense_vectors_of_spark_are_read_and_sparse_ones_refused() {
    for options in [OpenOptions::default(), named("features"), named("features.values")] {
        assert_pool(&open("spark_dense.parquet", options), &values(5, 3), 3, "f64");
    }
    assert_eq!(
        refusal("spark_sparse.parquet", OpenOptions::default()),
        "row 2 is a sparse vector of Spark: write pyspark.ml.functions.vector_to_array of the column in its place"
    );
}

fn flattened() -> Vec<f32> {
    let row = |row: usize| [0.0, 1.0].map(|more| [0, 1, 2].map(|j| value(row, j) + more)).concat();
    (0..5).flat_map(row).collect()
}

/// By PyArrow 26.0.1.
#[test]
fn tensors_of_one_shape_are_read_flat() {
    for name in ["fixed_shape_tensor.parquet", "fixed_shape_tensor.arrow"] {
        assert_pool(&open(name, OpenOptions::default()), &flattened(), 6, "f32");
    }
}

/// Array2D, by datasets 5.2.0.
#[test]
fn lists_of_lists_are_flattened_when_they_are_named() {
    for name in ["array2d.parquet", "array2d.arrow"] {
        assert_eq!(
            refusal(name, OpenOptions::default()),
            "column 'm' holds lists of lists: --tensor 'm' takes each row flattened"
        );
        let pool = open(name, named("m"));
        assert_pool(&pool, &flattened(), 6, "f32");
        let told =
            format!("{}: rows of 2 x 3 values are flattened to 6 each", fixture(name).display());
        assert_eq!(pool.notices(), [told]);
    }
}

/// Lists that lie backwards, and one after the other; by PyArrow 26.0.1.
#[test]
fn views_of_lists_are_read() {
    for name in ["list_view.arrow", "large_list_view.arrow", "list_view.parquet"] {
        assert_pool(&open(name, OpenOptions::default()), &values(5, 3), 3, "f32");
    }
}

/// Lists of bytes, binary columns of fixed and of any length, and uint16 in the place of halves. By PyArrow 26.0.1 and polars 2.1.0.
#[test]
fn raw_values_are_read_as_what_they_are_said_to_be() {
    use farpoint::Dtype::{Bf16, F16, F32, U8};
    let raw = |name, dtype| OpenOptions { dtype: Some(dtype), ..named(name) };
    for (name, dtype) in [("f16", F16), ("bf16", Bf16), ("f32", F32), ("u16", Bf16)] {
        let pool = open("raw_halves.parquet", raw(name, dtype));
        assert_pool(&pool, &values(5, 3), 3, dtype.name());
        assert_eq!(pool.notices(), [""; 0]);
    }
    let only = OpenOptions { dtype: Some(F16), ..OpenOptions::default() };
    assert_pool(&open("raw_polars.arrow", only), &values(5, 3), 3, "f16");
    assert_eq!(open("raw_halves.parquet", raw("f16", U8)).dimensions(), 6);
    assert_eq!(
        refusal("raw_halves.parquet", named("bf16")),
        "column 'bf16' holds bytes, which may be values of any type: --dtype f16, bf16 or f32 says of which"
    );
    assert_eq!(
        refusal("raw_halves.parquet", raw("f16", F32)),
        "holds rows of 6 bytes, which are no f32 values of 4 each"
    );
    assert_eq!(
        refusal("list_snappy.parquet", OpenOptions { dtype: Some(F16), ..OpenOptions::default() }),
        "holds f32 values, and says so itself: leave out --dtype f16"
    );
}
