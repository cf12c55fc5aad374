//! Rows that are left out since they have no distance to others: the selection is that of the other rows, by their own numbers.

use farpoint::pool::OpenOptions;
use farpoint::{
    Dtype, Metric, Options, Pool, RobustOptions, Selection, coverage, robust, select, verify,
};

use crate::writers::*;

const D: usize = 3;
const ROWS: usize = 60;

/// Rows without distances: at the start, side by side, alone, at the end.
const BAD: [usize; 7] = [0, 1, 7, 30, 31, 32, ROWS - 1];

/// Values of `rows` rows in no order, those of `BAD` replaced by `bad`.
fn with_bad(bad: f32) -> Vec<f32> {
    let mixed = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let mut values: Vec<f32> = (1..=ROWS * D).map(|at| mixed(at) as f32 / 4096.0).collect();
    for row in BAD {
        values[row * D + 1] = bad;
        if bad == 0.0 {
            values[row * D..(row + 1) * D].fill(0.0);
        }
    }
    values
}

fn skipping(metric: Metric, on_disk: bool) -> OpenOptions<'static> {
    OpenOptions { skip_bad: Some(metric), on_disk, ..OpenOptions::default() }
}

/// The rows that are good, in order.
fn good() -> Vec<usize> {
    (0..ROWS).filter(|row| !BAD.contains(row)).collect()
}

/// What is right: a selection from the good rows alone, by their numbers among all.
fn expected(values: &[f32], budget: usize, options: &Options) -> Selection {
    let good = good();
    let kept: Vec<f32> =
        good.iter().flat_map(|row| values[row * D..(row + 1) * D].iter().copied()).collect();
    let mut selection = select(&Pool::new(&kept, D).unwrap(), budget, options).unwrap();
    selection.centers.iter_mut().for_each(|row| *row = good[*row]);
    selection
}

/// Every way to select, cover and verify, beside the good rows alone.
fn check(pool: &Pool, values: &[f32], metric: Metric) {
    assert_eq!(pool.skipped(), BAD);
    assert_eq!(pool.rows(), ROWS);
    for budget in [1, 9, ROWS - BAD.len()] {
        let options = Options { metric, assign: true, ..Options::default() };
        let right = expected(values, budget, &options);
        let selection = select(pool, budget, &options).unwrap();
        assert_eq!((&selection.centers, &selection.radii), (&right.centers, &right.radii));
        let distances = selection.min_distances.as_deref().unwrap();
        let kept: Vec<f64> = good().iter().map(|&row| distances[row]).collect();
        assert_eq!(kept, right.min_distances.unwrap());
        let nearest = selection.assignment.as_deref().unwrap();
        assert!(BAD.iter().all(|&row| distances[row].is_nan() && nearest[row] == i64::MIN));
        assert!(verify(pool, &selection.centers, Some(&selection.radii), &options).is_ok());
        let covered = coverage(pool, &selection.centers, &options).unwrap();
        assert_eq!(
            (covered.rows(), covered.quantile(1000)),
            (good().len(), right.radii[budget - 1])
        );
    }
    let beyond = select(pool, ROWS - BAD.len() + 1, &Options { metric, ..Options::default() });
    assert!(beyond.unwrap_err().to_string().contains("the 53 rows"));
}

#[test]
fn files_of_floats_in_memory_and_on_disk() {
    let folder = Folder::new();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let values = with_bad(bad);
        let bytes = le(&values, f32::to_le_bytes);
        let header =
            format!(r#"{{"a":{{"dtype":"F32","shape":[60,3],"data_offsets":[0,{}]}}}}"#, 720);
        for (name, bytes) in [
            ("p.npy", npy_f32(&values, ROWS, D)),
            ("p.fvecs", fvecs(&values, D)),
            ("p.fbin", bin(60, 3, &bytes)),
            ("p.safetensors", safetensors(&header, &bytes)),
            ("p.npz", npz(&[("a.npy", npy_f32(&values, ROWS, D))], true)),
        ] {
            let path = folder.write(name, bytes);
            for on_disk in [false, true] {
                let pool = Pool::open_with(&path, &skipping(Metric::Euclidean, on_disk)).unwrap();
                check(&pool, &values, Metric::Euclidean);
                let note = "7 of 60 rows are left out, which hold NaN, infinity or nothing: the first is row 0";
                assert!(pool.notices().iter().any(|notice| notice == note), "{:?}", pool.notices());
            }
        }
    }
}

#[test]
fn rows_of_zeros_under_cosine_alone() {
    let (folder, values) = (Folder::new(), with_bad(0.0));
    let path = folder.write("p.npy", npy_f32(&values, ROWS, D));
    for on_disk in [false, true] {
        let pool = Pool::open_with(&path, &skipping(Metric::Cosine, on_disk)).unwrap();
        check(&pool, &values, Metric::Cosine);
        let pool = Pool::open_with(&path, &skipping(Metric::Euclidean, on_disk)).unwrap();
        assert_eq!(pool.skipped(), [0; 0]);
    }
}

#[test]
fn rows_keep_their_numbers_in_many_files() {
    let (folder, values) = (Folder::new(), with_bad(f32::NAN));
    for (file, rows) in [("a.npy", 0..2), ("b.npy", 2..31), ("c.npy", 31..60)] {
        let part = &values[rows.start * D..rows.end * D];
        folder.write(file, npy_f32(part, rows.len(), D));
    }
    for on_disk in [false, true] {
        let pool = Pool::open_with(folder.0.path(), &skipping(Metric::Euclidean, on_disk)).unwrap();
        check(&pool, &values, Metric::Euclidean);
        let told = format!("the first is row 0, row 0 of {}", folder.path("a.npy").display());
        assert!(pool.notices().iter().any(|notice| notice.ends_with(&told)));
        assert_eq!(pool.place(33).map(|(_, row)| row), Some(2));
    }
}

#[test]
fn text_where_values_are_missing() {
    let (folder, values) = (Folder::new(), with_bad(f32::NAN));
    let cell = |at: usize, none: &str| match values[at].is_nan() {
        true => none.to_string(),
        false => values[at].to_string(),
    };
    let line = |row: usize, none: &str, between: &str| -> String {
        let cells: Vec<String> = (row * D..(row + 1) * D).map(|at| cell(at, none)).collect();
        cells.join(between)
    };
    for none in ["", "NaN", "null", "NA", "inf"] {
        let lines: Vec<String> = (0..ROWS).map(|row| line(row, none, ",")).collect();
        let csv = format!("x,y,z\n{}\n", lines.join("\n"));
        let path = folder.write("p.csv", csv);
        let options = OpenOptions {
            columns: Some("*"),
            dtype: Some(Dtype::F32),
            ..skipping(Metric::Euclidean, false)
        };
        check(&Pool::open_with(&path, &options).unwrap(), &values, Metric::Euclidean);
    }
    // null in the place of a row, an empty list, and null in the place of a value; the first row of an array is row 2.
    let row = |row: usize| match row {
        0 | 30 => "null".into(),
        1 | 31 => "[]".into(),
        row => format!("[{}]", line(row, "null", ", ")),
    };
    let lines: Vec<String> =
        (0..ROWS).map(|at| format!("{{\"id\": {at}, \"e\": {}}}", row(at))).collect();
    let path = folder.write("p.jsonl", lines.join("\n"));
    let dtype = Some(Dtype::F32);
    let options = OpenOptions { name: Some("e"), dtype, ..skipping(Metric::Euclidean, false) };
    check(&Pool::open_with(&path, &options).unwrap(), &values, Metric::Euclidean);
    let lists: Vec<String> = (0..ROWS)
        .map(|at| if at < 2 { format!("{at};") } else { format!("{at};{}", row(at)) })
        .collect();
    let path = folder.write("lists.csv", format!("id;e\n{}\n", lines_of(&lists)));
    check(&Pool::open_with(&path, &options).unwrap(), &values, Metric::Euclidean);
}

fn lines_of(lines: &[String]) -> String {
    lines.join("\n")
}

#[test]
fn what_is_refused_all_the_same() {
    let folder = Folder::new();
    let mut values = vec![f32::NAN; 6];
    let options = skipping(Metric::Euclidean, false);
    let path = folder.write("p.npy", npy_f32(&values, 2, 3));
    let none = "has no row but those that are left out: which hold NaN, infinity or nothing";
    assert_eq!(reason(Pool::open_with(&path, &options).unwrap_err()), none);
    values[..3].fill(1.0);
    let path = folder.write("p.npy", npy_f32(&values, 2, 3));
    let told = reason(Pool::open(&path).unwrap_err());
    assert!(told.ends_with("; --skip-bad leaves such rows out"), "{told}");
    let pool = Pool::open_with(&path, &options).unwrap();
    let labeled = Options { labeled: vec![1], ..Options::default() };
    let told = select(&pool, 1, &labeled).unwrap_err().to_string();
    assert_eq!(told, "labeled row 1 was left out of the pool, since it has no distance to others");
    let refused = |options: Options| select(&pool, 1, &options).unwrap_err().to_string();
    let resumed = refused(Options { resume: vec![1], ..Options::default() });
    assert_eq!(resumed, "resume row 1 is labeled, excluded or left out");
    assert!(Pool::open_part(&[path], 0..1, &options).is_err());
    // A word is no missing value.
    let path = folder.write("p.csv", "x,y\n1,2\n3,four\n");
    let options = OpenOptions { columns: Some("*"), ..options };
    let told = reason(Pool::open_with(&path, &options).unwrap_err());
    assert_eq!(told, "line 3 holds 'four', not a number, in column 'y'");
}

#[test]
fn robust_counts_no_row_that_is_left_out() {
    let (folder, values) = (Folder::new(), with_bad(f32::NAN));
    let path = folder.write("p.npy", npy_f32(&values, ROWS, D));
    let pool = Pool::open_with(&path, &skipping(Metric::Euclidean, false)).unwrap();
    let kept: Vec<f32> =
        good().iter().flat_map(|row| values[row * D..(row + 1) * D].iter().copied()).collect();
    let options = Options { assign: true, ..Options::default() };
    let asked = RobustOptions { outliers: 4, ..RobustOptions::default() };
    let right = robust(&Pool::new(&kept, D).unwrap(), 5, &options, &asked).unwrap();
    let found = robust(&pool, 5, &options, &asked).unwrap();
    assert_eq!((found.lower, found.upper), (right.lower, right.upper));
    assert!(found.outliers.iter().all(|row| !BAD.contains(row)));
    let distances = found.min_distances.unwrap();
    assert!((0..ROWS).all(|row| distances[row].is_nan() == BAD.contains(&row)));
    let everything = RobustOptions { outliers: ROWS - BAD.len(), ..RobustOptions::default() };
    assert!(robust(&pool, 5, &options, &everything).is_err());
}

#[cfg(feature = "parquet")]
mod columns {
    use std::sync::Arc;

    use arrow_array::builder::{Float32Builder, ListBuilder};
    use arrow_array::types::{Float32Type, UInt8Type};
    use arrow_array::{
        Array, ArrayRef, FixedSizeListArray, Float32Array, LargeListArray, ListArray, RecordBatch,
        StructArray,
    };
    use arrow_schema::Field;
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;

    /// Row groups of few rows: the first has none that are good.
    fn parquet(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
        let mut writer =
            ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }

    /// Batches of two rows.
    fn arrow(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
        let mut writer =
            arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        for row in (0..batch.num_rows()).step_by(2) {
            writer.write(&batch.slice(row, 2.min(batch.num_rows() - row))).unwrap();
        }
        writer.into_inner().unwrap()
    }

    type List = Option<Vec<Option<f32>>>;

    /// Rows of `BAD` are null, empty where lists may be, or have a null.
    fn lists(values: &[f32], may_be_empty: bool) -> Vec<List> {
        let list = |row: usize| (row * D..(row + 1) * D).map(|at| Some(values[at])).collect();
        let bad = |row: usize| match row % 3 {
            0 => None,
            1 if may_be_empty => Some(vec![]),
            _ => Some(vec![Some(1.0), None, Some(f32::NAN)]),
        };
        (0..ROWS).map(|row| if BAD.contains(&row) { bad(row) } else { Some(list(row)) }).collect()
    }

    fn in_struct(column: &ArrayRef) -> ArrayRef {
        let field = Field::new("e", column.data_type().clone(), true);
        Arc::new(StructArray::from(vec![(Arc::new(field), Arc::clone(column))]))
    }

    #[test]
    fn lists_that_are_null_or_empty_or_have_a_null() {
        let (folder, values) = (Folder::new(), with_bad(f32::NAN));
        let of_lists = ListArray::from_iter_primitive::<Float32Type, _, _>(lists(&values, true));
        let large = LargeListArray::from_iter_primitive::<Float32Type, _, _>(lists(&values, true));
        let fixed =
            FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(lists(&values, false), 3);
        let of_lists: ArrayRef = Arc::new(of_lists);
        let columns: [ArrayRef; 4] =
            [Arc::clone(&of_lists), Arc::new(large), Arc::new(fixed), in_struct(&of_lists)];
        for column in columns {
            for (name, bytes) in [
                ("p.parquet", parquet(&[("v", Arc::clone(&column))])),
                ("p.arrow", arrow(&[("v", Arc::clone(&column))])),
            ] {
                let path = folder.write(name, bytes);
                for on_disk in [false, true] {
                    let scratch = folder.0.path();
                    let options = OpenOptions {
                        scratch: Some(scratch),
                        ..skipping(Metric::Euclidean, on_disk)
                    };
                    let pool = Pool::open_with(&path, &options).unwrap();
                    check(&pool, &values, Metric::Euclidean);
                }
                let told = reason(Pool::open(&path).unwrap_err());
                assert!(
                    told.contains(
                        "row 0 is null; drop such rows first, or leave them out by --skip-bad"
                    ),
                    "{told}"
                );
            }
        }
    }

    #[test]
    fn a_column_a_dimension() {
        let (folder, values) = (Folder::new(), with_bad(f32::NAN));
        let column = |j: usize| -> ArrayRef {
            let value = |row: usize| Some(values[row * D + j]).filter(|value| !value.is_nan());
            Arc::new(Float32Array::from_iter((0..ROWS).map(value)))
        };
        let table = [("f0", column(0)), ("f1", column(1)), ("f2", column(2))];
        let options = OpenOptions { columns: Some("f*"), ..skipping(Metric::Euclidean, false) };
        for (name, bytes) in [("p.parquet", parquet(&table)), ("p.arrow", arrow(&table))] {
            let path = folder.write(name, bytes);
            check(&Pool::open_with(&path, &options).unwrap(), &values, Metric::Euclidean);
        }
    }

    #[test]
    fn matrices_a_row_and_whole_numbers() {
        let folder = Folder::new();
        let mut matrices = ListBuilder::new(ListBuilder::new(Float32Builder::new()));
        for row in 0..3u8 {
            for value in [[1.0, 2.0], [3.0, 4.0]] {
                matrices.values().values().append_value(value[0] + f32::from(row));
                matrices.values().values().append_option((row != 1).then_some(value[1]));
                matrices.values().append(true);
            }
            matrices.append(true);
        }
        let options = skipping(Metric::Euclidean, false);
        let column: ArrayRef = Arc::new(matrices.finish());
        let path = folder.write("p.parquet", parquet(&[("v", column)]));
        let named = OpenOptions { name: Some("v"), ..options };
        let pool = Pool::open_with(&path, &named).unwrap();
        assert_eq!((pool.rows(), pool.dimensions(), pool.skipped()), (3, 4, &[1][..]));
        assert_eq!(pool.row(2, &mut Vec::new()), [3.0, 2.0, 5.0, 4.0]);

        let bytes = ListArray::from_iter_primitive::<UInt8Type, _, _>([
            None,
            Some(vec![Some(1), Some(2)]),
            Some(vec![Some(9), None]),
            Some(vec![Some(3), Some(4)]),
        ]);
        for (name, bytes) in [
            ("p.parquet", parquet(&[("v", Arc::new(bytes.clone()) as ArrayRef)])),
            ("p.arrow", arrow(&[("v", Arc::new(bytes.clone()) as ArrayRef)])),
        ] {
            let path = folder.write(name, bytes);
            let pool = Pool::open_with(&path, &options).unwrap();
            assert_eq!(pool.skipped(), [0, 2]);
            assert_eq!(select(&pool, 2, &Options::default()).unwrap().centers, [1, 3]);
        }
        let nothing =
            ListArray::from_iter_primitive::<UInt8Type, _, _>([None::<Vec<Option<u8>>>, None]);
        let path = folder.write("p.parquet", parquet(&[("v", Arc::new(nothing) as ArrayRef)]));
        let told = reason(Pool::open_with(&path, &options).unwrap_err());
        assert!(
            told.starts_with("has 2 rows and none with values, so nothing says how many"),
            "{told}"
        );
    }
}
