//! Row lists and weights from files.

use farpoint::pool::{read_rows, read_weights};

use crate::writers::*;

fn rows(name: &str, bytes: impl AsRef<[u8]>) -> Vec<usize> {
    read_rows(Folder::new().write(name, bytes)).unwrap()
}

fn refused(name: &str, bytes: impl AsRef<[u8]>) -> String {
    reason(read_rows(Folder::new().write(name, bytes)).unwrap_err())
}

fn weights(name: &str, bytes: impl AsRef<[u8]>) -> Vec<f32> {
    read_weights(Folder::new().write(name, bytes)).unwrap()
}

#[test]
fn rows_of_every_integer_type() {
    assert_eq!(rows("r.npy", npy("|u1", "(2,)", &[255, 0])), [255, 0]);
    assert_eq!(rows("r.npy", npy("|i1", "(2,)", &[127, 0])), [127, 0]);
    assert_eq!(rows("r.npy", npy("<u2", "(1,)", &[1, 128])), [0x8001]);
    assert_eq!(rows("r.npy", npy(">i2", "(1, 1)", &[1, 2])), [0x0102]);
    assert_eq!(rows("r.npy", npy("<i4", "(1,)", &7i32.to_le_bytes())), [7]);
    assert_eq!(rows("r.npy", npy("<u4", "(1,)", &u32::MAX.to_le_bytes())), [0xffff_ffff]);
    assert_eq!(rows("r.npy", npy("<i8", "(1,)", &(1i64 << 40).to_le_bytes())), [1 << 40]);
    assert_eq!(rows("r.npy", npy(">u8", "(1,)", &3u64.to_be_bytes())), [3]);
    assert_eq!(read_rows(fixture("rows_i4_big.npy")).unwrap(), [4, 0, 2]);
}

#[test]
fn rows_in_text() {
    assert_eq!(rows("r.txt", "4\n\n# a comment\n 0 \r\n2"), [4, 0, 2]);
    assert_eq!(rows("r.txt", "\u{feff}4\n4"), [4, 4]);
    assert_eq!(rows("r.csv", "rank,row,radius\n0,4,0.5\n1,0,0.25\n"), [4, 0]);
    assert_eq!(rows("r.csv", "\"rank\", \"row\"\n0, 4\n"), [4]);
    assert_eq!(rows("r.csv", "4\n0\n"), [4, 0]);
    assert_eq!(rows("r.csv", "picks\n4\n"), [4]);
    assert_eq!(rows("r.json", "[4, 0, 2]"), [4, 0, 2]);
    assert_eq!(rows("r.json", r#"{"radii": [1.5], "centers": [4, 0]}"#), [4, 0]);
}

#[test]
fn empty_lists_are_no_rows() {
    let empty = [("r.txt", ""), ("r.txt", "# none\n"), ("r.csv", ""), ("r.csv", "rank,row\n")];
    for (name, text) in empty.into_iter().chain([("r.json", "[]")]) {
        assert_eq!(rows(name, text), [0; 0]);
    }
    // np.array([]) is of type float64.
    assert_eq!(read_rows(fixture("empty_list.npy")).unwrap(), [0; 0]);
    assert_eq!(refused("r.npy", ""), "does not begin as an .npy file does");
}

#[test]
fn what_is_no_row_is_named_by_its_place() {
    let below = "which is no row: they count from 0";
    assert_eq!(
        reason(read_rows(fixture("negative_rows.npy")).unwrap_err()),
        format!("entry 1 is -7, {below}")
    );
    assert_eq!(refused("r.txt", "1\n\n-3\n"), format!("line 3 is -3, {below}"));
    assert_eq!(refused("r.json", "[1, -3]"), format!("entry 1 is -3, {below}"));
    let integers = "rows are integers, such as a.astype(np.int64) saves";
    assert_eq!(refused("r.txt", "1.5"), format!("line 1 is the float 1.5; {integers}"));
    let float = npy("<f4", "(1,)", &2f32.to_le_bytes());
    assert_eq!(refused("r.npy", float), format!("entry 0 is the float 2; {integers}"));
    assert_eq!(refused("r.txt", "1\ntwo\n"), "line 2 is 'two', not a number");
    assert_eq!(refused("r.csv", "rank,row\n0,4\n1\n"), "line 3 has no 'row'");
    assert_eq!(refused("r.csv", "rank,radius\n0,4\n"), "has no column 'row' in its first line");
    assert_eq!(refused("r.json", "[1, \"2\"]"), "entry 1 is not a number");
    assert_eq!(refused("r.json", "{}"), "is neither a list nor an object with a list 'centers'");
    assert!(refused("r.json", "[1,").starts_with("is not JSON: "));
    assert_eq!(refused("r.txt", b"1\n\xff\n"), "is not UTF-8 text: byte 2 is not");
}

#[test]
fn masks_and_matrices_are_refused_with_advice() {
    assert_eq!(
        reason(read_rows(fixture("mask.npy")).unwrap_err()),
        "holds booleans; for a mask of rows, save np.flatnonzero(mask)"
    );
    assert_eq!(
        refused("r.npy", npy("|u1", "(2, 2)", &[0; 4])),
        "has the shape (2, 2); a list is (n,): save a.ravel()"
    );
    assert_eq!(
        refused("r.npz", ""),
        "is no list of numbers: they are read from .npy, .txt, .csv, .json and .parquet"
    );
}

#[test]
fn weights_of_every_kind() {
    assert_eq!(
        weights("w.npy", npy("<f4", "(2,)", &le(&[0.1, 2.0], f32::to_le_bytes))),
        [0.1, 2.0]
    );
    assert_eq!(
        weights("w.npy", npy("<f8", "(2, 1)", &le(&[0.1, 2.0], f64::to_le_bytes))),
        [0.1, 2.0]
    );
    assert_eq!(weights("w.npy", npy(">f8", "(1,)", &0.5f64.to_be_bytes())), [0.5]);
    assert_eq!(weights("w.npy", npy("<f2", "(1,)", &0x3800u16.to_le_bytes())), [0.5]);
    assert_eq!(weights("w.npy", npy("<i4", "(1,)", &3i32.to_le_bytes())), [3.0]);
    assert_eq!(weights("w.txt", "1\n0.25\n1e-3\n"), [1.0, 0.25, 0.001]);
    assert_eq!(weights("w.csv", "row,weight\n0,0.5\n1,2\n"), [0.5, 2.0]);
    assert_eq!(weights("w.json", "[1, 0.5]"), [1.0, 0.5]);
    let path = Folder::new();
    let overflow = read_weights(path.write("w.txt", "1\n1e39\n")).unwrap_err();
    assert_eq!(reason(overflow), "line 2 is 1e39, which overflows f32");
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_columns() {
    assert_eq!(read_rows(fixture("picks.parquet")).unwrap(), [4, 0, 2]);
    assert_eq!(read_weights(fixture("picks.parquet")).unwrap(), [0.5, 1.0, 2.0]);
    let no_row = reason(read_rows(fixture("two_lists.parquet")).unwrap_err());
    assert_eq!(no_row, "has 'row' not among its columns: 'v', 'w'");
    let lists = reason(read_rows(fixture("null_row.parquet")).unwrap_err());
    assert!(lists.contains("null") || lists.contains("not numbers"), "{lists}");
}
