//! Pools in Parquet and Arrow files, as PyArrow writes them.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, UInt8Type,
};
use arrow_array::{
    ArrayRef, BinaryArray, FixedSizeBinaryArray, FixedSizeListArray, Int32Array, LargeListArray,
    ListArray, RecordBatch,
};
use farpoint::Pool;
use half::f16;
use parquet::arrow::ArrowWriter;

use crate::writers::*;

/// The last two by polars 2.1.0, whose files have no schema among their messages: it is in the footer.
const FIXTURES: [&str; 7] = [
    "list_snappy.parquet",
    "fixed_zstd.parquet",
    "lz4.feather",
    "plain.arrow",
    "stream.arrow",
    "polars.arrow",
    "polars_zstd.arrow",
];

#[test]
fn fixtures_read_back() {
    for name in FIXTURES {
        let pool = Pool::open(fixture(name)).unwrap();
        assert_pool(&pool, &values(5, 3), 3, "f32");
        assert_eq!(
            pool.hash().unwrap(),
            Pool::new(&values(5, 3), 3).unwrap().hash().unwrap(),
            "{name}"
        );
        assert_eq!(Pool::open_named(fixture(name), Some("vectors")).unwrap().rows(), 5);
    }
    let pool = Pool::open(fixture("large_f64.parquet")).unwrap();
    assert_pool(&pool, &values(5, 3), 3, "f64");
    assert_eq!(pool.notices(), [""; 0]);
}

fn parquet(column: ArrayRef) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter([("v", column)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn arrow(column: ArrayRef) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter([("v", column)]).unwrap();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

type Rows<T> = Vec<Option<Vec<Option<T>>>>;

fn rows<T>([a, b, c, d]: [T; 4]) -> Rows<T> {
    vec![Some(vec![Some(a), Some(b)]), Some(vec![Some(c), Some(d)])]
}

fn list<T: ArrowPrimitiveType>(values: [T::Native; 4]) -> ArrayRef {
    Arc::new(ListArray::from_iter_primitive::<T, _, _>(rows(values)))
}

fn fixed<T: ArrowPrimitiveType>(values: [T::Native; 4]) -> ArrayRef {
    Arc::new(FixedSizeListArray::from_iter_primitive::<T, _, _>(rows(values), 2))
}

#[test]
fn every_dtype_and_kind_of_list_reads_back() {
    let folder = Folder::new();
    let large = LargeListArray::from_iter_primitive::<Float64Type, _, _>(rows([1., 2., 3., 0.5]));
    let halves = [1.0, 2.0, 3.0, 0.5].map(f16::from_f32);
    let columns = [
        ("f32", 0.5, list::<Float32Type>([1., 2., 3., 0.5])),
        ("f64", 0.5, Arc::new(large)),
        ("f32", 0.5, fixed::<Float32Type>([1., 2., 3., 0.5])),
        ("f16", 0.5, fixed::<Float16Type>(halves)),
        ("u8", 200.0, list::<UInt8Type>([1, 2, 3, 200])),
        ("i8", -5.0, list::<Int8Type>([1, 2, 3, -5])),
        ("i8", -5.0, fixed::<Int8Type>([1, 2, 3, -5])),
    ];
    for (dtype, last, column) in columns {
        let in_parquet = folder.open("pool.parquet", parquet(column.clone())).unwrap();
        assert_pool(&in_parquet, &[1.0, 2.0, 3.0, last], 2, dtype);
        let in_arrow = folder.open("pool.arrow", arrow(column)).unwrap();
        assert_pool(&in_arrow, &[1.0, 2.0, 3.0, last], 2, dtype);
    }
}

#[test]
fn a_column_of_numbers_with_the_same_name_does_not_hide_the_lists() {
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![7, 8]));
    let lists = list::<Float32Type>([1.0, 2.0, 3.0, 4.0]);
    let batch = RecordBatch::try_from_iter([("v", numbers), ("v", lists)]).unwrap();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    let pool = Folder::new().open("pool.arrow", writer.into_inner().unwrap()).unwrap();
    assert_pool(&pool, &[1.0, 2.0, 3.0, 4.0], 2, "f32");
}

#[test]
fn lists_without_values_are_refused() {
    let folder = Folder::new();
    let empty = |rows| vec![Some(Vec::<Option<f64>>::new()); rows];
    let column = Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(empty(2)));
    assert_eq!(folder.refusal("pool.parquet", parquet(column)), "row 0 is an empty list");
    let column = Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(empty(0)));
    assert_eq!(folder.refusal("pool.arrow", arrow(column)), "holds no rows");
}

#[test]
fn a_pool_of_many_batches_and_row_groups_reads_back() {
    let (folder, rows, d) = (Folder::new(), 40_000, 3);
    let of_row = |row| Some((0..d).map(move |j| Some(value(row % 1000, j))).collect::<Vec<_>>());
    let column = ListArray::from_iter_primitive::<Float32Type, _, _>((0..rows).map(of_row));
    let batch = RecordBatch::try_from_iter([("v", Arc::new(column) as ArrayRef)]).unwrap();
    let properties = parquet::file::properties::WriterProperties::builder();
    let properties = properties.set_max_row_group_row_count(Some(17_001)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let pool = folder.open("pool.parquet", writer.into_inner().unwrap()).unwrap();
    let expected: Vec<f32> = (0..rows * d).map(|at| value(at / d % 1000, at % d)).collect();
    assert_pool(&pool, &expected, d, "f32");
}

#[test]
fn refusals_name_the_row() {
    let refusal = |name: &str| reason(Pool::open(fixture(name)).unwrap_err());
    assert_eq!(
        refusal("null_row.parquet"),
        "row 1 is null; drop such rows first, or leave them out by --skip-bad"
    );
    assert_eq!(
        refusal("null_value.parquet"),
        "row 1 holds a null at dimension 1; pandas writes NaN so: fill such values, or leave their rows out by --skip-bad"
    );
    assert_eq!(refusal("ragged.parquet"), "row 2 has 1 values, but row 0 has 2");
}

#[test]
fn candidates_are_listed_and_types_refused_by_name() {
    let refusal = |name| reason(Pool::open_named(fixture("two_lists.parquet"), name).unwrap_err());
    assert_eq!(refusal(Some("x")), "has 'x' not among its columns of lists: 'v', 'w'");
    assert_eq!(
        refusal(Some("v")),
        "column 'v' holds lists of Int64; cast them to lists of float32"
    );
    let pool = Pool::open_named(fixture("two_lists.parquet"), Some("w")).unwrap();
    assert_pool(&pool, &[1.0, 2.0], 2, "f16");
    let none = reason(Pool::open(fixture("picks.parquet")).unwrap_err());
    let numbers = "has no column of lists, but 1 column of numbers: --columns 'weight' takes each for a dimension";
    assert_eq!(none, numbers);
}

#[test]
fn f64_stays_as_it_is() {
    let folder = Folder::new();
    let lists = F64_VALUES.chunks(3).map(|row| Some(row.iter().copied().map(Some)));
    let list: ArrayRef =
        Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(lists.clone()));
    let fixed: ArrayRef =
        Arc::new(FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>(lists, 3));
    for column in [list, fixed] {
        assert_f64_values(&folder.open("p.parquet", parquet(column.clone())).unwrap());
        assert_f64_values(&folder.open("p.arrow", arrow(column)).unwrap());
    }
}

#[test]
fn f64_that_is_too_large_names_its_row() {
    let rows = vec![Some(vec![Some(1.0)]), Some(vec![Some(-1e300)])];
    let column = Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows));
    let told = Folder::new().refusal("pool.parquet", parquet(column));
    assert_eq!(
        told,
        "row 1 holds -1e300 at dimension 0; f64 values are at most 3.4028235e38 in size: scale the pool"
    );
}

#[test]
fn truncated_files_are_refused() {
    let folder = Folder::new();
    for name in FIXTURES {
        let whole = std::fs::read(fixture(name)).unwrap();
        for length in (0..whole.len() - 1).step_by(7) {
            // A stream may end after any batch: what it holds till there is the pool.
            match folder.open(name, &whole[..length]) {
                Ok(pool) => assert!(name == "stream.arrow" && pool.rows() >= 3, "{name} {length}"),
                Err(error) => drop(reason(error)),
            }
        }
    }
}

/// Each byte of a footer, and of the messages it points at, changed: an error or other values, and never a panic.
#[test]
fn damaged_footers_are_refused() {
    let folder = Folder::new();
    let whole = std::fs::read(fixture("polars.arrow")).unwrap();
    for at in 8..whole.len() {
        for change in [1, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] ^= change;
            if let Err(error) = folder.open("p.arrow", damaged) {
                drop(reason(error));
            }
        }
    }
}

/// Beside embeddings people keep tokens: lists, but of values that no pool has.
#[test]
fn the_only_lists_of_a_pools_values_need_no_name() {
    let tokens = list::<arrow_array::types::Int64Type>([1, 2, 3, 4]);
    let lists = list::<Float32Type>([1.0, 2.0, 3.0, 4.0]);
    let file = |columns: [(&str, ArrayRef); 2]| {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    };
    let folder = Folder::new();
    for name in ["p.parquet", "p.pq", "p.parq"] {
        let pool = folder.open(name, file([("t", tokens.clone()), ("v", lists.clone())])).unwrap();
        assert_pool(&pool, &[1.0, 2.0, 3.0, 4.0], 2, "f32");
    }
    let told = folder.refusal("p.parquet", file([("v", lists.clone()), ("w", lists)]));
    assert_eq!(told, "holds 2 columns of lists, name the one to read: 'v', 'w'");
    let told = folder.refusal("p.parquet", file([("t", tokens.clone()), ("u", tokens)]));
    assert_eq!(told, "holds 2 columns of lists, name the one to read: 't', 'u'");
}

/// Spark's first part often has none.
#[test]
fn files_without_rows_among_others_are_left_out() {
    let folder = Folder::new();
    let empty = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(Rows::<f32>::new()));
    folder.write("part-00000.parquet", parquet(empty.clone()));
    folder.write("part-00001.arrow", arrow(list::<Float32Type>([1., 2., 3., 4.])));
    folder.write("part-00002.npy", npy("<f4", "(0, 2)", &[]));
    folder.write("part-00003.npy", npy_f32(&[5.0, 6.0], 1, 2));
    folder.write("_SUCCESS", "");
    let pool = Pool::open(folder.0.path()).unwrap();
    assert_pool(&pool, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, "f32");
    let (first, files) = (folder.path("part-00000.parquet"), pool.files());
    assert_eq!(files, [folder.path("part-00001.arrow"), folder.path("part-00003.npy")]);
    assert_eq!(
        pool.notices(),
        [
            "left out, for they hold no rows: _SUCCESS".to_string(),
            format!("{}: left out, and 1 files more: no rows", first.display()),
        ]
    );
    let folder = Folder::new();
    folder.write("a.parquet", parquet(empty));
    assert_eq!(reason(Pool::open(folder.0.path()).unwrap_err()), "holds no rows");
}

#[test]
fn a_buffer_that_claims_more_than_it_can_hold_is_refused() {
    let folder = Folder::new();
    let whole = std::fs::read(fixture("lz4.feather")).unwrap();
    // LZ4 frames begin with this number; the claim stands in the 8 bytes before.
    let frame = [4, 34, 77, 24];
    let at = whole.windows(4).position(|bytes| bytes == frame).unwrap();
    let mut hostile = whole.clone();
    hostile[at - 8..at].copy_from_slice(&(1i64 << 60).to_le_bytes());
    let told = folder.refusal("pool.feather", hostile);
    assert!(told.starts_with("a buffer claims 1152921504606846976 bytes in"), "{told}");
}

/// Vector databases write float16 values as lists of their bytes, and others packed bits: what bytes are taken for is told.
#[test]
fn lists_of_bytes_are_told_as_what_they_are_read() {
    let folder = Folder::new();
    let told = |range: &str| {
        format!(
            "lists of 2 bytes are compared as 2 numbers, {range}: where they are bytes of halves, --dtype f16 or bf16 says so; packed bits must be unpacked first"
        )
    };
    for (column, range) in [
        (list::<UInt8Type>([1, 2, 3, 200]), "0 to 255"),
        (fixed::<UInt8Type>([1, 2, 3, 200]), "0 to 255"),
        (list::<Int8Type>([1, 2, 3, -5]), "-128 to 127"),
    ] {
        for (name, bytes) in
            [("p.parquet", parquet(column.clone())), ("p.arrow", arrow(column.clone()))]
        {
            let notices = folder.open(name, bytes).unwrap().notices().to_vec();
            let path = folder.path(name);
            assert_eq!(notices, [format!("{}: {}", path.display(), told(range))]);
        }
    }
    let floats = folder.open("p.parquet", parquet(list::<Float32Type>([1., 2., 3., 4.]))).unwrap();
    assert!(floats.notices().is_empty());
}

#[test]
fn columns_of_bytes_are_refused_by_name() {
    let told = "column 'v' holds bytes, which may be values of any type: --dtype f16, bf16 or f32 says of which";
    let folder = Folder::new();
    let bytes: Vec<&[u8]> = vec![&[1, 2], &[3, 4]];
    let plain: ArrayRef = Arc::new(BinaryArray::from(bytes));
    let fixed: ArrayRef =
        Arc::new(FixedSizeBinaryArray::try_from_iter([[1, 2], [3, 4]].iter()).unwrap());
    for column in [plain.clone(), fixed] {
        assert_eq!(folder.refusal("p.parquet", parquet(column.clone())), told);
        assert_eq!(folder.refusal("p.arrow", arrow(column)), told);
    }
    let lists = list::<Float32Type>([1.0, 2.0, 3.0, 4.0]);
    let batch = RecordBatch::try_from_iter([("v", plain), ("w", lists)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let path = folder.write("both.parquet", writer.into_inner().unwrap());
    assert_pool(&Pool::open(&path).unwrap(), &[1.0, 2.0, 3.0, 4.0], 2, "f32");
    assert_eq!(reason(Pool::open_named(&path, Some("v")).unwrap_err()), told);
}
