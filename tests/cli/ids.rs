//! Rows by their ids: where ids come from, how picks come out with them, and lists that hold them.

use crate::folder::{D, Folder, N, pool, with_parquet};

const FAILED: i32 = 1;

/// The id of a row: texts that a careless reader takes for something else.
fn id(row: usize) -> String {
    match row % 4 {
        0 => format!("#{row}.jpg"),
        1 => format!("two dogs, {row}"),
        2 => format!("00{row}"),
        _ => format!("ünter \"{row}\""),
    }
}

/// With `names.txt`, the ids of `pool.npy`.
fn named() -> Folder {
    let folder = Folder::new();
    folder.text("names.txt", &lines((0..N).map(id)));
    folder
}

fn lines(ids: impl IntoIterator<Item = String>) -> String {
    ids.into_iter().map(|id| id + "\n").collect()
}

fn json(folder: &Folder, name: &str) -> serde_json::Value {
    serde_json::from_str(&folder.read(name)).unwrap()
}

#[test]
fn picks_come_out_with_their_ids() {
    let folder = named();
    let rows = folder.run("select pool.npy -k 6").rows();
    let ids: Vec<String> = rows.iter().map(|&row| id(row)).collect();
    let run = folder.run("select pool.npy -k 6 --ids names.txt");
    assert_eq!((run.code, run.out), (0, lines(ids.clone())), "{}", run.err);
    for name in with_parquet(&["p.txt", "p.csv", "p.json", "p.npy"], "p.parquet") {
        let run = folder.run(&format!("select pool.npy -k 6 --ids names.txt -o {name}"));
        assert_eq!((run.code, &*run.out), (0, ""), "{}", run.err);
    }
    assert_eq!(folder.read("p.txt"), lines(ids.clone()));
    let record = json(&folder, "p.json");
    assert_eq!(record["ids"], serde_json::json!(ids));
    assert_eq!(record["rows_in_files"], serde_json::json!(rows));
    assert_eq!(record["files"], serde_json::json!(vec!["pool.npy"; 6]));
    let mut table = csv::Reader::from_path(folder.path("p.csv")).unwrap();
    let names = table.headers().unwrap().clone();
    assert_eq!(names, vec!["rank", "row", "id", "file", "row_in_file", "radius"]);
    for (pick, line) in table.records().enumerate() {
        let (line, row) = (line.unwrap(), rows[pick].to_string());
        let radius = record["radii"][pick].as_f64().unwrap().to_string();
        let rank = (pick + 1).to_string();
        assert_eq!(line, vec![&*rank, &row, &ids[pick], "pool.npy", &row, &radius]);
    }
    let integers: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    assert_eq!(folder.integers("p.npy"), integers);
    #[cfg(feature = "parquet")]
    {
        use farpoint::pool::{Listed, read_listed};
        let Listed::Ids(read) = read_listed(folder.path("p.parquet"), None, false).unwrap() else {
            panic!("a column of ids")
        };
        assert_eq!(read.iter().map(|entry| entry.id.to_string()).collect::<Vec<_>>(), ids);
    }
}

#[test]
fn the_page_lists_ids() {
    let folder = named();
    let words = "select pool.npy -k 6 --ids names.txt -o p.txt --report page.html";
    assert_eq!(folder.run(words).code, 0);
    let page = folder.read("page.html");
    let first = folder.read("p.txt").lines().next().unwrap().replace('"', "&quot;");
    assert!(page.contains(&format!("<td>{first}</td>")), "{first}");
    let words = "robust pool.npy -k 3 --ids names.txt -o r.csv --report robust.html";
    assert_eq!(folder.run(words).code, 0);
    assert!(folder.read("r.csv").starts_with("rank,row,id,file,row_in_file\n1,"));
    assert!(folder.read("robust.html").contains(">id</th>"));
}

/// Every way to write down what was picked leads to the next picks, as rows do.
#[test]
fn lists_may_hold_ids() {
    let folder = named();
    let two = folder.run("select pool.npy -k 8").rows();
    folder.text("rows.txt", &lines(two[..4].iter().map(usize::to_string)));
    let expected = folder.run("select pool.npy -k 4 --labeled rows.txt").rows();
    for name in with_parquet(&["p.txt", "p.csv", "p.json", "p.npy"], "p.parquet") {
        assert_eq!(folder.run(&format!("select pool.npy -k 4 --ids names.txt -o {name}")).code, 0);
        let next = folder.run(&format!("select pool.npy -k 4 --ids names.txt --labeled {name}"));
        assert_eq!(next.code, 0, "{}", next.err);
        assert_eq!(next.out, lines(expected.iter().map(|&row| id(row))), "{name}");
        let rest = folder.run(&format!("select pool.npy -k 4 --ids names.txt --exclude {name}"));
        assert!(two[..4].iter().all(|&row| !rest.out.lines().any(|line| line == id(row))));
        let on = folder.run(&format!("select pool.npy -k 8 --ids names.txt --resume {name}"));
        assert_eq!(on.out, lines(two.iter().map(|&row| id(row))), "{name}: {}", on.err);
        let right = folder.run(&format!("verify pool.npy {name} --ids names.txt"));
        assert_eq!(right.code, 0, "{name}: {}{}", right.out, right.err);
    }
    folder.text("other.csv", &format!("image,seen\n\"{}\",yes\n", id(two[0])));
    let run = folder
        .run("select pool.npy -k 2 --ids names.txt --labeled other.csv --column labeled=image");
    folder.text("one.txt", &format!("{}\n", two[0]));
    let by_row = folder.run("select pool.npy -k 2 --labeled one.txt").rows();
    assert_eq!(run.out, lines(by_row.iter().map(|&row| id(row))), "{}", run.err);
}

#[test]
fn a_record_remembers_where_ids_came_from() {
    let folder = named();
    folder.text("two.txt", &lines([id(5), id(9)]));
    let words = "select pool.npy -k 4 --ids names.txt --labeled two.txt -o p.json";
    assert_eq!(folder.run(words).code, 0);
    assert_eq!(json(&folder, "p.json")["options"]["ids"], "file:names.txt");
    let right = folder.run("verify pool.npy p.json");
    assert_eq!(right.code, 0, "{}{}", right.out, right.err);
}

#[test]
fn ids_that_do_not_do() {
    let folder = named();
    let fails = |words: &str, line: &str| folder.run(words).fails(FAILED, line);
    folder.text("few.txt", "a\nb\n");
    fails(
        "select pool.npy -k 2 --ids few.txt",
        "error: few.txt: holds 2 ids, but the pool has 60 rows",
    );
    folder.text("same.txt", &lines((0..N).map(|row| (row / 2).to_string())));
    folder.text("three.txt", "3\n");
    fails(
        "select pool.npy -k 2 --ids same.txt --labeled three.txt",
        "error: same.txt: the id '3' stands at rows 6 and 7: an id that is listed must be of one row",
    );
    folder.text("none.txt", &format!("{}\n\nnobody\n", id(1)));
    fails(
        "select pool.npy -k 2 --ids names.txt --labeled none.txt",
        "error: none.txt: line 3 is the id 'nobody', which no row of the pool has",
    );
    fails(
        "select pool.npy -k 2 --labeled none.txt",
        "error: none.txt: line 1 is 'two dogs, 1', not a number: lists hold row numbers, and ids only with --ids",
    );
    fails(
        "select pool.npy -k 2 --ids image",
        "error: pool.npy: has no columns that ids could stand in: give a file of ids, or path",
    );
    folder.text("other.csv", "name\na\n");
    fails(
        "select pool.npy -k 2 --ids other.csv",
        "error: other.csv: has one column, 'name', and no 'id': rename it, or choose it by --column name",
    );
    fails(
        "select pool.npy -k 2 --ids gone.txt",
        "error: gone.txt: No such file or directory (os error 2)",
    );
}

/// Rows of `pool.npy` in three files, of 1, 20 and 39 rows.
fn parts() -> Folder {
    let folder = Folder::new();
    let values = pool();
    std::fs::create_dir(folder.path("parts")).unwrap();
    for (file, rows) in [("a.npy", 0..1), ("b.npy", 1..21), ("c.npy", 21..N)] {
        folder.vectors(&format!("parts/{file}"), &values[rows.start * D..rows.end * D], D);
    }
    folder
}

#[test]
fn paths_may_be_ids() {
    let folder = parts();
    let id = |row: usize| match row {
        0 => "parts/a.npy".to_string(),
        1..21 => format!("parts/b.npy:{}", row - 1),
        _ => format!("parts/c.npy:{}", row - 21),
    };
    let rows = folder.run("select parts -k 60").rows();
    let run = folder.run("select parts -k 60 --ids path");
    assert_eq!(run.out, lines(rows.iter().map(|&row| id(row))), "{}", run.err);
    folder.text("seen.txt", "parts/b.npy:3\n");
    folder.text("rows.txt", "4\n");
    let by_row = folder.run("select parts -k 3 --labeled rows.txt -o r.csv");
    assert_eq!(by_row.code, 0, "{}", by_row.err);
    let by_id = folder.run("select parts -k 3 --labeled seen.txt --ids path -o i.csv");
    assert_eq!(by_id.code, 0, "{}", by_id.err);
    let places = |name: &str| -> Vec<(usize, String, usize)> {
        let mut table = csv::Reader::from_path(folder.path(name)).unwrap();
        let names = table.headers().unwrap().clone();
        let at = |name: &str| names.iter().position(|other| other == name).unwrap();
        let (row, file, row_in_file) = (at("row"), at("file"), at("row_in_file"));
        let line = |line: csv::StringRecord| {
            (line[row].parse().unwrap(), line[file].to_string(), line[row_in_file].parse().unwrap())
        };
        table.records().map(|record| line(record.unwrap())).collect()
    };
    assert_eq!(places("r.csv"), places("i.csv"));
    for (row, file, row_in_file) in places("r.csv") {
        assert_eq!(id(row), if row == 0 { file } else { format!("{file}:{row_in_file}") });
    }
}

#[test]
fn strings_of_numpy_may_be_ids() {
    let folder = Folder::new();
    let wide = |text: &str| -> Vec<u8> {
        let mut codes: Vec<u8> =
            text.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect();
        codes.resize(4 * 12, 0);
        codes
    };
    let names: Vec<u8> = (0..N).flat_map(|row| wide(&id(row))).collect();
    folder.npy("names.npy", "<U12", &[N], &names);
    folder.text("names.txt", &lines((0..N).map(id)));
    let expected = folder.run("select pool.npy -k 9 --ids names.txt");
    let run = folder.run("select pool.npy -k 9 --ids names.npy");
    assert_eq!((run.code, run.out), (0, expected.out), "{}", run.err);
    let bytes: Vec<u8> = (0..N).flat_map(|row| format!("x{row:02}").into_bytes()).collect();
    folder.npy("bytes.npy", "|S3", &[N], &bytes);
    assert_eq!(folder.run("select pool.npy -k 1 --ids bytes.npy").out, "x00\n");
    let numbers: Vec<u8> = (0..N as i64).flat_map(|row| (row - 7).to_le_bytes()).collect();
    folder.npy("numbers.npy", "<i8", &[N], &numbers);
    assert_eq!(folder.run("select pool.npy -k 1 --ids numbers.npy --json -q").code, 0);
    let record = folder.run("select pool.npy -k 1 --ids numbers.npy --json -q").out;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&record).unwrap()["ids"][0], -7);
    folder.npy("cut.npy", "<U12", &[N], &names[1..]);
    let run = folder.run("select pool.npy -k 1 --ids cut.npy");
    run.fails(FAILED, "error: cut.npy: claims 2880 bytes of strings, but holds 2879");
    folder.npy("floats.npy", "<f8", &[N], &numbers);
    let run = folder.run("select pool.npy -k 1 --ids floats.npy");
    run.fails(FAILED, "error: floats.npy: holds float64 values; ids are strings or whole numbers");
}

/// Words, a column of a table, what lies under a key.
#[test]
fn ids_of_pools_in_text() {
    let folder = Folder::new();
    let values = pool();
    let row = |row: usize, between: &str| {
        let cells = values[row * D..(row + 1) * D].iter().map(f32::to_string);
        cells.collect::<Vec<_>>().join(between)
    };
    let rows = folder.run("select pool.npy -k 5").rows();
    let expected = lines(rows.iter().map(|row| format!("w{row}")));
    folder.text("p.vec", &lines((0..N).map(|at| format!("w{at} {}", row(at, " ")))));
    folder.text("p.txt", &folder.read("p.vec"));
    folder.text(
        "p.jsonl",
        &lines(
            (0..N).map(|at| {
                format!("{{\"meta\": {{\"id\": \"w{at}\"}}, \"v\": [{}]}}", row(at, ","))
            }),
        ),
    );
    let table = (0..N).map(|at| format!("w{at},{}\n", row(at, ","))).collect::<String>();
    folder.text("p.csv", &format!("key,f0,f1,f2\n{table}"));
    for words in [
        "p.vec --ids word",
        "p.txt --format word2vec --ids word",
        "p.jsonl --ids meta.id",
        "p.csv --columns f* --ids key",
    ] {
        let run = folder.run(&format!("select {words} -k 5"));
        assert_eq!((run.code, &*run.out), (0, &*expected), "{words}: {}", run.err);
    }
    folder
        .run("select p.vec -k 1 --ids name")
        .fails(FAILED, "error: p.vec: has 'name' not among its columns: 'word'");
    let run = folder.run("select p.jsonl -k 1 --ids meta.name");
    assert!(run.err.contains("p.jsonl: line 1 has no id"), "{}", run.err);
}

#[cfg(feature = "parquet")]
mod of_columns {
    use std::fs::File;
    use std::sync::Arc;

    use arrow_array::types::{Float32Type, Int32Type};
    use arrow_array::{
        ArrayRef, DictionaryArray, FixedSizeBinaryArray, FixedSizeListArray, Int64Array,
        RecordBatch, StringArray, UInt64Array,
    };
    use parquet::arrow::ArrowWriter;

    use super::{FAILED, Folder, N, id, json, lines};
    use crate::folder::{D, pool};

    /// `rows` of `pool.npy` with a column `id`, as Parquet and as an Arrow file.
    fn write(folder: &Folder, name: &str, rows: std::ops::Range<usize>, ids: ArrayRef) {
        let values = pool();
        let vectors = rows.clone().map(|row| {
            let row = &values[row * D..(row + 1) * D];
            Some(row.iter().map(|&value| Some(value)).collect::<Vec<_>>())
        });
        let vectors = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(
            vectors,
            i32::try_from(D).unwrap(),
        );
        let columns: Vec<(&str, ArrayRef)> = vec![("image", ids), ("vector", Arc::new(vectors))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = File::create(folder.path(name)).unwrap();
        if name.ends_with(".arrow") {
            let mut writer = arrow_ipc::writer::FileWriter::try_new(file, &batch.schema()).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
        } else {
            let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
        }
    }

    fn texts(rows: std::ops::Range<usize>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.map(id)))
    }

    #[test]
    fn a_column_of_many_files() {
        let folder = Folder::new();
        std::fs::create_dir(folder.path("parts")).unwrap();
        for (number, rows) in [0..10, 10..35, 35..N].into_iter().enumerate() {
            write(&folder, &format!("parts/p_{number}.parquet"), rows.clone(), texts(rows));
        }
        let rows = folder.run("select parts -k 12").rows();
        let run = folder.run("select parts -k 12 --ids image -o p.csv");
        assert_eq!(run.code, 0, "{}", run.err);
        let mut table = csv::Reader::from_path(folder.path("p.csv")).unwrap();
        for (record, &row) in table.records().zip(&rows) {
            let record = record.unwrap();
            let (file, start) =
                [(0, 0), (1, 10), (2, 35)][usize::from(row >= 10) + usize::from(row >= 35)];
            assert_eq!(&record[2], id(row));
            assert_eq!(&record[3], format!("parts/p_{file}.parquet"));
            assert_eq!(&record[4], (row - start).to_string());
        }
        let next = folder.run("select parts -k 3 --ids image --labeled p.csv");
        folder.text("rows.txt", &lines(rows.iter().map(usize::to_string)));
        let by_row = folder.run("select parts -k 3 --labeled rows.txt").rows();
        assert_eq!(next.out, lines(by_row.iter().map(|&row| id(row))), "{}", next.err);
    }

    #[test]
    fn every_kind_of_column() {
        let folder = Folder::new();
        let rows = || 0..N;
        let long = u64::MAX - 3;
        let uuid = |row: usize| {
            let mut bytes = [0u8; 16];
            bytes[0] = 0xab;
            bytes[15] = u8::try_from(row).unwrap();
            bytes
        };
        let uuids = FixedSizeBinaryArray::try_from_iter(rows().map(uuid)).unwrap();
        let coded: DictionaryArray<Int32Type> =
            rows().map(|row| if row == 0 { "zero" } else { "other" }).collect();
        for (ids, first) in [
            (texts(rows()), id(0)),
            (Arc::new(Int64Array::from_iter_values(rows().map(|row| 7 - row as i64))), "7".into()),
            (Arc::new(UInt64Array::from_iter_values(rows().map(|_| long))), long.to_string()),
            (Arc::new(uuids), "ab000000-0000-0000-0000-000000000000".into()),
            (Arc::new(coded), "zero".into()),
        ] as [(ArrayRef, String); 5]
        {
            for name in ["pool.parquet", "pool.arrow"] {
                write(&folder, name, rows(), Arc::clone(&ids));
                let run = folder.run(&format!("select {name} -k 1 --ids image"));
                assert_eq!((run.code, &*run.out), (0, &*format!("{first}\n")), "{}", run.err);
            }
        }
        write(
            &folder,
            "p.parquet",
            rows(),
            Arc::new(Int64Array::from_iter_values(100..100 + N as i64)),
        );
        assert_eq!(folder.run("select p.parquet -k 2 --ids image -o p.json").code, 0);
        assert_eq!(json(&folder, "p.json")["ids"][0], 100);
    }

    #[test]
    fn columns_that_hold_no_ids() {
        let folder = Folder::new();
        let some = (0..N).map(|row| (row != 7).then(|| id(row)));
        write(&folder, "p.parquet", 0..N, Arc::new(StringArray::from_iter(some)));
        folder
            .run("select p.parquet -k 2 --ids image")
            .fails(FAILED, "error: p.parquet: row 7 has no id: it is null");
        folder
            .run("select p.parquet -k 2 --ids name")
            .fails(FAILED, "error: p.parquet: has 'name' not among its columns: 'image', 'vector'");
        let run = folder.run("select p.parquet -k 2 --ids vector");
        assert!(run.err.contains("where ids are texts or whole numbers"), "{}", run.err);
    }

    /// A key that a folder's name gives is a column of the files in it.
    #[test]
    fn the_key_of_a_folder() {
        let folder = Folder::new();
        for (label, rows) in [("cat", 0..20), ("dog", 20..N)] {
            std::fs::create_dir(folder.path(&format!("label={label}"))).unwrap();
            write(&folder, &format!("label={label}/p.parquet"), rows.clone(), texts(rows));
        }
        let rows = folder.run("select label=*/*.parquet -k 9").rows();
        let run = folder.run("select label=*/*.parquet -k 9 --ids label");
        let label = |row: &usize| if *row < 20 { "cat" } else { "dog" }.to_string();
        assert_eq!(run.out, lines(rows.iter().map(label)), "{}", run.err);
    }
}
