//! Pools in text: tables, JSON lines, word vectors.

use farpoint::pool::{OpenOptions, Outline, read_words};
use farpoint::{Dtype, Pool};

use crate::writers::*;

const PLAIN: OpenOptions = OpenOptions {
    name: None,
    columns: None,
    dtype: None,
    format: None,
    memory: None,
    scratch: None,
    on_disk: false,
    skip_bad: None,
    interrupt: None,
};

fn named(name: &str) -> OpenOptions<'_> {
    OpenOptions { name: Some(name), ..PLAIN }
}

fn columns(columns: &str) -> OpenOptions<'_> {
    OpenOptions { columns: Some(columns), ..PLAIN }
}

/// The pool of the file `name` of this text; its outline must agree.
#[track_caller]
fn open(name: &str, text: impl AsRef<[u8]>, options: OpenOptions) -> Pool<'static> {
    let folder = Folder::new();
    let path = folder.write(name, text);
    let pool = Pool::open_with(&path, &options).unwrap();
    let outline = Outline::read_with(&path, &options).unwrap();
    let shape = (outline.rows, outline.dimensions, outline.dtype);
    assert_eq!(shape, (pool.rows(), pool.dimensions(), pool.dtype()), "{name}");
    pool
}

#[track_caller]
fn refusal(name: &str, text: impl AsRef<[u8]>, options: OpenOptions) -> String {
    let folder = Folder::new();
    reason(Pool::open_with(folder.write(name, text), &options).expect_err(name))
}

/// The rows of the pool, each line made by `line`.
fn lines(line: impl Fn(usize, Vec<String>) -> String) -> String {
    let cells = |row: usize| (0..3).map(|j| value(row, j).to_string()).collect();
    (0..5).map(|row| line(row, cells(row)) + "\n").collect()
}

/// As pandas 3.1.1 and polars 2.1.0 write one, with a separator of each kind, ends of lines of Windows, a byte-order mark, and texts in
/// quotes with separators and line ends in them.
#[test]
fn a_column_a_dimension_of_a_table_is_read() {
    let table = |separator: &str, end: &str| {
        let header = ["text", "f0", "f1", "f2", "label"].join(separator) + "\n";
        let line = |row: usize, cells: Vec<String>| {
            let text = format!("\"two dogs{separator} {row}\nand \"\"more\"\"\"");
            [text, cells.join(separator), "7".into()].join(separator)
        };
        (header + &lines(line)).replace('\n', end)
    };
    for separator in [",", ";", "\t"] {
        for end in ["\n", "\r\n"] {
            for start in ["", "\u{feff}"] {
                let text = start.to_string() + &table(separator, end);
                for name in ["p.csv", "p.tsv"] {
                    assert_pool(&open(name, &text, columns("f*")), &values(5, 3), 3, "f64");
                }
            }
        }
    }
    let single = OpenOptions { dtype: Some(Dtype::F32), ..columns("f*") };
    assert_pool(&open("p.csv", table(",", "\n"), single), &values(5, 3), 3, "f32");
}

/// As NumPy's savetxt writes one, with and without a separator at the end of each line.
#[test]
fn numbers_without_a_header_are_all_read() {
    let text = lines(|_, cells| cells.join(","));
    assert_pool(&open("p.csv", &text, PLAIN), &values(5, 3), 3, "f64");
    assert_pool(&open("p.csv", text.trim_end(), PLAIN), &values(5, 3), 3, "f64");
    let ended = lines(|_, cells| cells.join(",") + ",");
    assert_pool(&open("p.csv", &ended, PLAIN), &values(5, 3), 3, "f64");
    let decimal_commas =
        "a;b;c\n".to_string() + &lines(|_, cells| cells.join(";").replace('.', ","));
    assert_pool(&open("p.csv", &decimal_commas, columns("*")), &values(5, 3), 3, "f64");
    let pixels = OpenOptions { dtype: Some(Dtype::U8), ..PLAIN };
    assert_pool(&open("p.csv", "0,255\n7,8\n", pixels), &[0.0, 255.0, 7.0, 8.0], 2, "u8");
    assert_eq!(
        refusal("p.csv", "1.5,2\n1,2\n", columns("f*")),
        "has no names of columns, its first line holds numbers: all columns are read without --columns"
    );
}

#[test]
fn every_value_is_the_nearest_f64_or_f32() {
    let text = "a,b,c\n5000000.1,5000000.2,16777217\n-0,1e-200,-5e-324\n";
    assert_f64_values(&open("p.csv", text, columns("*")));
    let json = "{\"v\":[5000000.1,5000000.2,16777217]}\n{\"v\":[-0,1e-200,-5e-324]}\n";
    // JSON's -0 is the whole number 0 to most readers; the text says -0.
    assert_f64_values(&open("p.jsonl", json, PLAIN));
    // Half of a unit in the last place above 1 + 2^-22, and a little more: by way of f64 it would round to even, the wrong way.
    let text = "x 1.00000029802322387695312500000001\n";
    let pool = open("p.vec", text, PLAIN);
    assert_eq!(pool.row(0, &mut Vec::new()), [1.0 + 3.0 * f32::EPSILON]);
}

/// What pandas makes of a column of lists, of arrays, and what PostgreSQL's COPY makes of one.
#[test]
fn a_column_of_lists_in_a_table_is_read() {
    for (open_with, between, close) in [("[", ", ", "]"), ("[", " ", "]"), ("{", ",", "}")] {
        let line = |row: usize, cells: Vec<String>| {
            format!("{row},\"{open_with}{}{close}\"", cells.join(between))
        };
        let text = "id,embedding\n".to_string() + &lines(line);
        for options in [PLAIN, named("embedding")] {
            assert_pool(&open("p.csv", &text, options), &values(5, 3), 3, "f64");
        }
    }
    let two = "a,b\n[1],[2]\n";
    assert_eq!(
        refusal("p.csv", two, PLAIN),
        "holds 2 columns of lists, name the one to read: 'a', 'b'"
    );
    assert_pool(&open("p.csv", two, named("b")), &[2.0], 1, "f64");
    assert_eq!(refusal("p.csv", two, named("c")), "has 'c' not among its columns: 'a', 'b'");
    assert_eq!(
        refusal("p.csv", "a,b\n[1],[2]\n[1],3\n", named("b")),
        "line 3 has no list in column 'b'"
    );
    assert_eq!(
        refusal("p.csv", "a,b\n1,[2]\n", named("a")),
        "column 'a' holds a number a line, not a list: --columns 'a' takes it for a dimension"
    );
    assert_eq!(
        refusal("p.csv", "id,v\n1,[0.1 0.2 ... 0.9]\n", PLAIN),
        "line 2 holds '...', not a number, at dimension 2"
    );
}

#[test]
fn a_table_of_which_nobody_says_the_columns_is_refused_with_what_works() {
    let table =
        "id,f0,f1,f2\n".to_string() + &lines(|row, cells| format!("{row},{}", cells.join(",")));
    let told = refusal("p.csv", &table, PLAIN);
    assert_eq!(
        told,
        "has no column of lists, but 4 columns of numbers: --columns 'id,f0,f1,f2' takes each for a dimension"
    );
    let names: String = (0..9).map(|j| format!(",x{j}")).collect();
    let many = format!("id{names}\na{}\n", ",1".repeat(9));
    assert_eq!(
        refusal("p.csv", &many, PLAIN),
        "has no column of lists, but 9 columns of numbers: --columns 'x*' takes each for a dimension"
    );
    assert_eq!(open("p.csv", &many, columns("x*")).dimensions(), 9);
    let pandas = "0,1,2\n".to_string() + &lines(|_, cells| cells.join(","));
    assert_eq!(
        refusal("p.csv", &pandas, PLAIN),
        "begins with a line 0 to 2, the names that pandas gives to columns, or a row: --columns '*' takes it for names; if it is a row, write \
         a line of names above it"
    );
    assert_pool(&open("p.csv", &pandas, columns("*")), &values(5, 3), 3, "f64");
    let one = refusal("p.csv", "0\n1.5\n", PLAIN);
    assert!(one.starts_with("begins with a line 0 to 0, the names that pandas gives"), "{one}");
    assert_eq!(
        refusal("p.csv", "a,b\nx,y\n", PLAIN),
        "holds no columns of numbers or of lists, as far as line 2 tells: --tensor NAME names a column of lists, --columns those of dimensions"
    );
}

/// Excel's own: a line that names the separator, and "Unicode text".
#[test]
fn tables_of_excel_come_with_what_to_do() {
    let excel = "begins with 'sep=,', which Excel alone heeds: leave that line out";
    assert_eq!(refusal("p.csv", "sep=,\na,b\n1,2\n", columns("*")), excel);
    let semicolon = excel.replace("sep=,", "sep=;");
    assert_eq!(refusal("p.csv", "\u{feff}\"sep=;\"\na;b\n1;2\n", columns("*")), semicolon);
    let bytes = |to: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}a,b\n1,2\n".encode_utf16().flat_map(to).collect()
    };
    for bytes in [bytes(u16::to_le_bytes), bytes(u16::to_be_bytes)] {
        for name in ["p.csv", "p.jsonl", "p.vec"] {
            assert_eq!(
                refusal(name, &bytes, PLAIN),
                "is UTF-16 text, as Excel's Unicode text is: save it as UTF-8, as iconv -f UTF-16 -t UTF-8 does"
            );
        }
    }
}

#[test]
fn what_is_no_value_is_refused_with_its_line() {
    let told = |line: &str| {
        refusal("p.csv", format!("t,f0,f1\n\"a\nb\",1,2\nc,{line}\nd,3,4\n"), columns("f*"))
    };
    assert_eq!(told("1,"), "line 4 holds nothing in column 'f1'; --skip-bad leaves such rows out");
    assert_eq!(told("1,nan"), "line 4 holds NaN in column 'f1'; --skip-bad leaves such rows out");
    assert_eq!(
        told("inf,2"),
        "line 4 holds inf, which is not finite, in column 'f0'; --skip-bad leaves such rows out"
    );
    assert_eq!(
        told("1e999,2"),
        "line 4 holds 1e999, which is not finite, in column 'f0'; --skip-bad leaves such rows out"
    );
    assert_eq!(told("1,N/A"), "line 4 holds 'N/A', not a number, in column 'f1'");
    assert_eq!(told("1,0x10"), "line 4 holds '0x10', not a number, in column 'f1'");
    assert_eq!(told("1,2,3"), "line 4 has 4 cells, but line 1 has 3");
    assert_eq!(told("1"), "line 4 has 2 cells, but line 1 has 3");
    assert_eq!(told("\"1,2"), "line 4 opens a quote that is never closed");
    let windows = "t,f0\r\na,1\r\nb,x\r\n";
    let told = refusal("p.csv", windows, columns("f0"));
    assert_eq!(told, "line 3 holds 'x', not a number, in column 'f0'");
    assert_eq!(
        refusal("p.csv", "1.5\n\"\"\n2\n", PLAIN),
        "line 2 holds nothing in cell 1; --skip-bad leaves such rows out"
    );
    assert_eq!(
        refusal("p.csv", "a;b\n0,5;1,234\n", columns("*")),
        "line 2 is '1,234', whose comma may be before decimals or between thousands: write 1.234 or 1234"
    );
    let dtype = |dtype| OpenOptions { dtype: Some(dtype), ..PLAIN };
    assert_eq!(
        refusal("p.csv", "1.5,2\n1,2\n", dtype(Dtype::U8)),
        "line 1 holds 1.5, which is no u8 value, in cell 1"
    );
    assert_eq!(
        refusal("p.csv", "1.5,1e300\n", dtype(Dtype::F32)),
        "line 1 holds 1e300, which is no f32 value, in cell 2"
    );
    assert_eq!(
        refusal("p.csv", "1.5\n", dtype(Dtype::F16)),
        "is text, which is read as f64, f32, u8 or i8, not as f16"
    );
    assert_eq!(
        refusal("p.csv", "1.5,1e300\n", PLAIN),
        "row 0 holds 1e300 at dimension 1; f64 values are at most 3.4028235e38 in size: scale the pool"
    );
    assert_eq!(refusal("p.csv", "a,b\n", columns("*")), "holds no rows");
    assert_eq!(refusal("p.csv", "\n \n", PLAIN), "holds no rows");
    assert_eq!(
        refusal("p.csv", b"a,b\n\xff,1\n", columns("*")),
        "line 2 holds text that is not UTF-8 in column 'a'"
    );
}

/// As the answers of embedding APIs lie in files: a key of each object, keys within keys, a list of objects a line.
#[test]
fn arrays_under_a_key_are_read_from_lines_of_json() {
    let plain = lines(|row, cells| {
        format!(
            "{{\"text\": \"a [1] \\\"\\u00e4\", \"embedding\": [{}], \"id\": {row}}}",
            cells.join(", ")
        )
    });
    for (name, options) in [("p.jsonl", PLAIN), ("p.ndjson", named("embedding"))] {
        assert_pool(&open(name, &plain, options), &values(5, 3), 3, "f64");
    }
    let deep = lines(|_, cells| {
        format!("{{\"tokens\": [1, 2], \"data\": {{\"embedding\": [{}]}}}}", cells.join(","))
    });
    assert_pool(&open("p.jsonl", &deep, named("data.embedding")), &values(5, 3), 3, "f64");
    assert_eq!(
        refusal("p.jsonl", &deep, PLAIN),
        "holds 2 arrays of numbers, name the one to read: 'data.embedding', 'tokens'"
    );
    let answers = "{\"data\":[{\"index\":0,\"embedding\":[0,1]},{\"index\":1,\"embedding\":[2,3]}],\"usage\":{}}\n\
                   {\"data\":[{\"index\":0,\"embedding\":[4,5]}]}\n\n";
    for options in [PLAIN, named("data.embedding")] {
        let pool = open("p.jsonl", answers, options);
        assert_pool(&pool, &[0., 1., 2., 3., 4., 5.], 2, "f64");
        assert!(pool.notices()[0].ends_with(": holds 3 rows in 2 lines"), "{:?}", pool.notices());
    }
    let lists = "{\"embeddings\":[[0,1],[2,3]]}\n";
    assert_pool(&open("p.jsonl", lists, PLAIN), &[0., 1., 2., 3.], 2, "f64");
    let bare = lines(|_, cells| format!("[{}]", cells.join(",")));
    assert_pool(&open("p.jsonl", &bare, PLAIN), &values(5, 3), 3, "f64");
    let dotted = "{\"a.b\":[1,2]}\n";
    assert_pool(&open("p.jsonl", dotted, named("a.b")), &[1.0, 2.0], 2, "f64");
}

#[test]
fn lines_of_json_without_their_array_are_refused() {
    let told = |line: &str| {
        refusal("p.jsonl", format!("{{\"v\":[1,2]}}\n\n{line}\n{{\"v\":[1,2]}}\n"), PLAIN)
    };
    assert_eq!(told("{\"w\":[1,2]}"), "line 3 has no 'v'");
    assert_eq!(
        told("{\"v\":null}"),
        "line 3 has null in the place of an array; --skip-bad leaves such rows out"
    );
    assert_eq!(told("{\"v\":\"AAAA\"}"), "line 3 has a text in the place of an array");
    assert_eq!(told("{\"v\":{}}"), "line 3 has something else in the place of an array");
    assert_eq!(told("{\"v\":[1,2,3]}"), "line 3 has 3 values, but line 1 has 2");
    assert_eq!(told("{\"v\":[]}"), "line 3 has an empty list; --skip-bad leaves such rows out");
    assert_eq!(
        told("{\"v\":[1,null]}"),
        "line 3 holds null at dimension 1; --skip-bad leaves such rows out"
    );
    assert_eq!(told("{\"v\":[1,\"2\"]}"), "line 3 holds '\"2\"', not a number, at dimension 1");
    assert_eq!(
        told("{\"v\":[1e999,2]}"),
        "line 3 holds 1e999, which is not finite, at dimension 0; --skip-bad leaves such rows out"
    );
    assert_eq!(told("{\"v\":[1,2],\"v\":[3,4]}"), "line 3 has two values of 'v'");
    for line in ["{\"v\":[1,NaN]}", "{\"v\":[1,2]", "no json"] {
        let told = told(line);
        assert!(told.starts_with("line 3 is not JSON: "), "{told}");
    }
    assert_eq!(
        refusal("p.jsonl", "{\"v\":1}\n", PLAIN),
        "has no array of numbers in line 1: --tensor KEY names what has one in other lines"
    );
    let told = refusal("p.jsonl", "{\"v\":1}\n", named("v.w"));
    assert_eq!(told, "line 1 has invalid type: integer `1`, expected an object with 'w'");
    assert_eq!(refusal("p.jsonl", "\n", PLAIN), "holds no rows");
    let deep = "[".repeat(100_000);
    assert!(refusal("p.jsonl", deep, PLAIN).contains("recursion limit"));
}

/// As gensim 4.4 and word2vec write them, with n and d; as fastText does, with a space at the end of each line; and GloVe, without n and d,
/// of which some words have spaces.
#[test]
fn word_vectors_are_read_and_their_words() {
    let words = ["</s>", "the", ". . .", "1990", "\u{a0}"];
    let body = |end: &str| lines(|row, cells| format!("{} {}{end}", words[row], cells.join(" ")));
    let files = [
        ("p.vec", format!("5 3\n{}", body(""))),
        ("p.w2v", format!("5 3\n{}", body(" "))),
        ("p.vec", body("")),
        ("p.vec", body("").replace('\n', "\r\n")),
    ];
    for (name, text) in files {
        assert_pool(&open(name, &text, PLAIN), &values(5, 3), 3, "f32");
        let folder = Folder::new();
        let mut found = Vec::new();
        read_words(folder.write(name, &text), |row, word| found.push((row, word.to_string())))
            .unwrap();
        let expected = words.iter().enumerate().map(|(row, word)| (row, word.to_string()));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
    let text = OpenOptions { format: Some("glove"), ..PLAIN };
    assert_pool(&open("glove.6B.3d.txt", body(""), text), &values(5, 3), 3, "f32");
    let wide = OpenOptions { dtype: Some(Dtype::F64), ..PLAIN };
    assert_pool(&open("p.vec", body(""), wide), &values(5, 3), 3, "f64");
}

#[test]
fn damaged_word_vectors_are_refused() {
    let told = |text: &str| refusal("p.vec", text, PLAIN);
    assert_eq!(
        told("3 2\na 1 2\nb 3 4\n"),
        "says 3 words in its first line, and has 2: truncated?"
    );
    assert_eq!(told("a 1 2\nb 3\n"), "line 2 has 1 values behind its word, not 2");
    assert_eq!(told("a 1 2\nb 3 4 5\n"), "line 2 has 3 values behind its word, not 2");
    assert_eq!(told("a 1 2\nb 3 x\n"), "line 2 holds 'x', not a number, at dimension 1");
    assert_eq!(
        told("a 1 nan\n"),
        "line 1 holds NaN at dimension 1; --skip-bad leaves such rows out"
    );
    assert_eq!(told("a\n"), "line 1 has an empty list; --skip-bad leaves such rows out");
    assert_eq!(told("2 1\n"), "says 2 words in its first line, and has 0: truncated?");
    assert_eq!(told("\n\n"), "holds no rows");
    assert_eq!(
        told("1.5 2\n3 4\n"),
        "line 1 begins with the number 1.5 in the place of a word: save an array of numbers as .npy"
    );
    assert_eq!(
        told("9 18446744073709551615\na 1\n"),
        "line 2 has 1 values behind its word, not 18446744073709551615"
    );
}

/// As gensim 4.4 writes it with `binary=True`: n and d as text, then each word and its values as f32.
#[test]
fn binary_word_vectors_come_with_what_writes_text() {
    let mut file = b"2 3\n".to_vec();
    for (word, row) in [("the", &values(2, 3)[..3]), ("of", &values(2, 3)[3..])] {
        file.extend(format!("{word} ").bytes().chain(le(row, f32::to_le_bytes)));
        file.push(b'\n');
    }
    let told = refusal("p.w2v", &file, PLAIN);
    assert!(told.starts_with("may be word2vec's binary format, which is not read"), "{told}");
    assert!(refusal("p.bin", &file, PLAIN).ends_with(&told));
}

#[test]
fn a_format_may_be_said_where_the_name_does_not_tell() {
    let bytes = bin(5, 3, &le(&values(5, 3), f32::to_le_bytes));
    let said = |format| OpenOptions { format: Some(format), ..PLAIN };
    for name in ["base.1B.bin", "data", "p.npy"] {
        assert_pool(&open(name, &bytes, said("fbin")), &values(5, 3), 3, "f32");
    }
    assert_pool(&open("p.bin", bin(1, 2, &[1, 200]), said("u8bin")), &[1.0, 200.0], 2, "u8");
    assert_pool(&open("p.bin", bin(1, 2, &[1, 255]), said("i8bin")), &[1.0, -1.0], 2, "i8");
    let halves = le(&[half::f16::from_f32(0.5)], half::f16::to_le_bytes);
    assert_pool(&open("p.bin", bin(1, 1, &halves), said("f16bin")), &[0.5], 1, "f16");
    let csv = lines(|_, cells| cells.join(","));
    assert_pool(&open("p.txt", csv, said("csv")), &values(5, 3), 3, "f64");
    let told = refusal("base.1B.bin", &bytes, PLAIN);
    assert!(
        told.contains("; where the name does not tell, --format does, as --format fbin; "),
        "{told}"
    );
    let unknown = Pool::open_with("p.bin", &said("bin")).unwrap_err().to_string();
    assert!(unknown.starts_with("no format is called 'bin': npy, npz, "), "{unknown}");
}
