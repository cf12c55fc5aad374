//! Row lists and weights from files.

use farpoint::pool::{read_radii, read_rows, read_rows_named, read_weights, read_weights_named};

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
    assert_eq!(rows("r.csv", "row\n4\n"), [4]);
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
    let integers = "rows are whole numbers, as 7, such as a.astype('int64') makes";
    assert_eq!(refused("r.txt", "1.5"), format!("line 1 is the float 1.5; {integers}"));
    let float = npy("<f4", "(1,)", &2f32.to_le_bytes());
    assert_eq!(refused("r.npy", float), format!("entry 0 is the float 2; {integers}"));
    assert_eq!(
        refused("r.txt", "1\ntwo\n"),
        "line 2 is 'two', not a number: lists hold row numbers, and ids only with --ids"
    );
    assert_eq!(refused("r.csv", "rank,row\n0,4\n1\n"), "line 3 has 1 cell, but line 1 has 2");
    assert_eq!(
        refused("r.csv", "rank,radius\n0,4\n"),
        "has no column 'row', choose one by --column: 'rank', 'radius'"
    );
    assert_eq!(
        refused("r.json", "[1, \"2\"]"),
        "entry 1 is not a number: lists hold row numbers, and ids only with --ids"
    );
    assert_eq!(refused("r.json", "{}"), "is neither a list nor an object with a list 'centers'");
    assert!(refused("r.json", "[1,").starts_with("is not JSON: "));
    assert_eq!(refused("r.txt", b"1\n\xff\n"), "is not UTF-8 text: byte 2 is not");
}

#[test]
fn masks_and_matrices_are_refused_with_advice() {
    assert_eq!(
        reason(read_rows(fixture("mask.npy")).unwrap_err()),
        "holds booleans; save a.astype('uint8') of a pool, np.flatnonzero(a) of a mask of rows"
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

fn rows_of_column(text: &str, column: &str) -> Result<Vec<usize>, String> {
    read_rows_named(Folder::new().write("r.csv", text), Some(column)).map_err(reason)
}

/// What spreadsheets and data frames write: quotes, other separators, line ends, empty lines.
#[test]
fn tables_as_they_are_written() {
    for text in [
        "name,row\n\"two dogs, 7\",5\n\"#sunset.jpg\",6\n",
        "name,row\n\"said \"\"hi, 3\"\"\",5\nx,6\n",
        "name,row\n\"two\nlines,9\",5\nx,6\n",
        "name,row\n#sunset.jpg,5\nx,6\n",
        "#name,row\nx,5\ny,6\n",
        "name;row\na, b;5\n1,5;6\n",
        "name\trow\na, b;c\t5\nx\t6\n",
        "\"name, or so\";row\nx;5\ny;6\n",
        "\u{feff}name,row\r\nx,5\r\n\r\ny,6\r\n",
        "\n\nname,row\n\n   \nx,5\ny,6",
        "row,name\n5,x\n6,y\n",
        "row,\n5,\n6,\n",
        "row,name,,\n\"5\",x,,\n 6 ,y,,\n",
        ",row\n0,5\n1,6\n",
        "5\n6\n",
        "5,\n6,\n",
        "5\r\n\r\n6",
        "\"5\"\n\"6\"\n",
        "5,,\n6,,\n",
    ] {
        assert_eq!(rows("r.csv", text), [5, 6], "{text:?}");
    }
    assert_eq!(rows("r.csv", "row\n0\n0\n"), [0, 0]);
    assert_eq!(rows("r.csv", "row\n+7\n"), [7]);
}

/// What may be read in two ways is read in neither.
#[test]
fn ambiguous_tables_are_refused_by_name() {
    let zero = refused("r.csv", "0\n4\n");
    assert!(
        zero.starts_with("begins with a line '0', a value or the header that pandas"),
        "{zero}"
    );
    assert!(
        zero.ends_with("put 'row' above the values, or choose the column by --column 0"),
        "{zero}"
    );
    assert_eq!(rows_of_column("0\n4\n", "0"), Ok(vec![4]));
    assert_eq!(rows("r.csv", "row\n0\n4\n"), [0, 4]);
    let id = "has one column, 'id', and no 'row': rename it, or choose it by --column id";
    assert_eq!(refused("r.csv", "id\n7\n"), id);
    assert_eq!(rows_of_column("id\n7\n", "id"), Ok(vec![7]));
    assert_eq!(
        refused("r.csv", "row,row\n1,2\n"),
        "has 2 columns 'row': give them names that differ"
    );
    let both = "has commas, semicolons or tabs beside each other in its first line";
    assert!(refused("r.csv", "7;0,5\n").starts_with(both));
    assert!(refused("r.csv", "a,b;row\n1;2\n").starts_with(both));
    let thousands = "line 2 is '1,234', whose comma may be before decimals or between thousands: write 1.234 or 1234";
    let path = Folder::new();
    assert_eq!(
        reason(read_weights(path.write("w.csv", "row;weight\n7;1,234\n")).unwrap_err()),
        thousands
    );
}

#[test]
fn damaged_tables_are_refused_by_their_line() {
    let beside = "line 2 has 2 cells, but the first has one and names none";
    assert_eq!(refused("r.csv", "5,\n6,x\n"), beside);
    let ragged = "line 3 has 3 cells, but line 1 has 2";
    assert_eq!(refused("r.csv", "name,row\nx,5\ny,6,7\n"), ragged);
    assert_eq!(refused("r.csv", "name,row\nx,5\ny, \"6, z\"\n"), ragged);
    assert_eq!(refused("r.csv", "rank,row\n\n\n0,4\n1\n"), "line 5 has 1 cell, but line 1 has 2");
    assert_eq!(
        refused("r.csv", "row\n4\n# five\n"),
        "line 3 is '# five', not a number: lists hold row numbers, and ids only with --ids"
    );
    let excel = "begins with 'sep=;', which Excel alone heeds: leave that line out";
    assert_eq!(refused("r.csv", "sep=;\r\nrow;x\r\n7;5\r\n"), excel);
    let utf_16 = "is UTF-16 text, as Excel's Unicode text is: save it as UTF-8, as iconv -f UTF-16 -t UTF-8 does";
    let bytes: Vec<u8> = "\u{feff}row\n7\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(refused("r.csv", &bytes), utf_16);
    let open = "line 3 opens a quote that is never closed";
    assert_eq!(refused("r.csv", "row,name\n7,x\n8,\"y\n9,z\n"), open);
    assert_eq!(refused("r.csv", "name,row\nx,\n"), "line 2 holds no number: it is empty or null");
    let float = "rows are whole numbers, as 7, such as a.astype('int64') makes";
    assert_eq!(refused("r.csv", "row\n1e3\n"), format!("line 2 is the float 1000; {float}"));
    assert_eq!(refused("r.csv", "row\n7.0\n"), format!("line 2 is the float 7; {float}"));
    assert_eq!(refused("r.csv", "row;x\n7,5;1\n"), format!("line 2 is the float 7.5; {float}"));
    assert_eq!(refused("r.csv", "row\n-1\n"), "line 2 is -1, which is no row: they count from 0");
    assert_eq!(
        refused("r.csv", "row\n1.234.567\n"),
        "line 2 is '1.234.567', not a number: lists hold row numbers, and ids only with --ids"
    );
}

#[test]
fn a_column_is_chosen_by_name() {
    assert_eq!(rows_of_column("id,row\n7,1\n8,2\n", "id"), Ok(vec![7, 8]));
    assert_eq!(rows_of_column("0,1\n7,1\n8,2\n", "1"), Ok(vec![1, 2]));
    let absent = "has no column 'key', choose one by --column: 'id', 'row'";
    assert_eq!(rows_of_column("id,row\n7,1\n", "key"), Err(absent.to_string()));
    let folder = Folder::new();
    for name in ["r.txt", "r.npy", "r.json"] {
        let refused = read_rows_named(folder.write(name, "7\n"), Some("id")).map_err(reason);
        let told = "has no columns, as .csv and .parquet have: leave out --column id";
        assert_eq!(refused, Err(told.to_string()), "{name}");
    }
    let table = folder.write("w.csv", "score;name\n0,5;x\n-2;y\n1,5e3;z\n0,125;a\n");
    assert_eq!(read_weights_named(table, Some("score")).unwrap(), [0.5, -2.0, 1500.0, 0.125]);
}

#[test]
fn radii_are_read_where_there_are_any() {
    let folder = Folder::new();
    let radii = |text: &str| read_radii(folder.write("r.csv", text)).unwrap();
    assert_eq!(radii("rank,row,radius\n1,7,2.5\n2,3,\n"), Some(vec![Some(2.5), None]));
    assert_eq!(radii("rank,row\n1,7\n"), None);
    assert_eq!(radii("7\n3\n"), None);
    assert_eq!(read_radii(folder.write("r.txt", "7\n")).unwrap(), None);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_columns() {
    assert_eq!(read_rows(fixture("picks.parquet")).unwrap(), [4, 0, 2]);
    assert_eq!(read_weights(fixture("picks.parquet")).unwrap(), [0.5, 1.0, 2.0]);
    let no_row = reason(read_rows(fixture("two_lists.parquet")).unwrap_err());
    assert_eq!(no_row, "has no column 'row', choose one by --column: 'v', 'w'");
    let only = reason(read_rows(fixture("null_row.parquet")).unwrap_err());
    assert!(only.starts_with("has one column, 'v"), "{only}");
}
