//! Pools from files, read back against the values that were written.

use farpoint::pool::OpenOptions;
use farpoint::{Dtype, Pool};
use half::{bf16, f16};

use crate::writers::*;

#[test]
fn every_dtype_of_npy_reads_back() {
    let (folder, expected) = (Folder::new(), values(5, 3));
    let halves: Vec<f16> = expected.iter().map(|&v| f16::from_f32(v)).collect();
    let brains: Vec<bf16> = expected.iter().map(|&v| bf16::from_f32(v)).collect();
    let files = [
        ("<f4", "f32", le(&expected, f32::to_le_bytes)),
        ("<f2", "f16", le(&halves, f16::to_le_bytes)),
        ("bfloat16", "bf16", le(&brains, bf16::to_le_bytes)),
    ];
    for (descr, dtype, bytes) in files {
        let pool = folder.open("pool.npy", npy(descr, "(5, 3)", &bytes)).unwrap();
        assert_pool(&pool, &expected, 3, dtype);
        assert_eq!(pool.notices(), [""; 0]);
    }
}

#[test]
fn bytes_are_signed_as_their_type_says() {
    let folder = Folder::new();
    let bytes = [0u8, 127, 128, 255];
    let unsigned = folder.open("u.npy", npy("|u1", "(2, 2)", &bytes)).unwrap();
    assert_pool(&unsigned, &[0.0, 127.0, 128.0, 255.0], 2, "u8");
    let signed = folder.open("i.npy", npy("|i1", "(2, 2)", &bytes)).unwrap();
    assert_pool(&signed, &[0.0, 127.0, -128.0, -1.0], 2, "i8");
    let u8bin = folder.open("p.u8bin", bin(2, 2, &bytes)).unwrap();
    assert_pool(&u8bin, &[0.0, 127.0, 128.0, 255.0], 2, "u8");
    let i8bin = folder.open("p.i8bin", bin(2, 2, &bytes)).unwrap();
    assert_pool(&i8bin, &[0.0, 127.0, -128.0, -1.0], 2, "i8");
    let bvecs = folder.open("p.bvecs", [2, 0, 0, 0, 7, 255, 2, 0, 0, 0, 8, 9]).unwrap();
    assert_pool(&bvecs, &[7.0, 255.0, 8.0, 9.0], 2, "u8");
}

#[test]
fn the_benchmark_formats_read_back() {
    let (folder, expected) = (Folder::new(), values(7, 5));
    let fbin = bin(7, 5, &le(&expected, f32::to_le_bytes));
    assert_pool(&folder.open("pool.fbin", fbin).unwrap(), &expected, 5, "f32");
    assert_pool(&folder.open("pool.fvecs", fvecs(&expected, 5)).unwrap(), &expected, 5, "f32");
}

#[test]
fn fixtures_of_other_libraries_read_back() {
    let plain: [(&str, &str); 6] = [
        ("f16.npy", "f16"),
        ("f64.npy", "f64"),
        ("version3.npy", "f32"),
        ("stored.npz", "f32"),
        ("fortran.npy", "f32"),
        ("big_endian.npy", "f32"),
    ];
    for (name, dtype) in plain {
        assert_pool(&Pool::open(fixture(name)).unwrap(), &values(5, 3), 3, dtype);
    }
    let named = [("deflated.npz", "f32"), ("bf16.safetensors", "bf16")];
    for (name, dtype) in named {
        let pool = Pool::open_named(fixture(name), Some("vectors")).unwrap();
        assert_pool(&pool, &values(5, 3), 3, dtype);
    }
    let only_matrix = Pool::open(fixture("bf16.safetensors")).unwrap();
    assert_pool(&only_matrix, &values(5, 3), 3, "bf16");
}

#[test]
fn conversions_are_told() {
    let notices = |name: &str, dtype| {
        let pool = Pool::open(fixture(name)).unwrap();
        assert_pool(&pool, &values(5, 3), 3, dtype);
        let prefix = format!("{}: ", fixture(name).display());
        let texts = pool.notices().iter().map(|n| n.strip_prefix(&prefix).unwrap().to_string());
        texts.collect::<Vec<_>>()
    };
    let fortran = "columns lie together (Fortran order): transposed once";
    let swapped = "big-endian values: swapped once";
    assert_eq!(notices("f64.npy", "f64"), [""; 0]);
    assert_eq!(notices("fortran.npy", "f32"), [fortran]);
    assert_eq!(notices("big_endian.npy", "f32"), [swapped]);
    assert_eq!(notices("fortran_big_endian_f64.npy", "f64"), [fortran, swapped]);
}

#[test]
fn f64_stays_as_it_is_in_every_format() {
    let (folder, bytes) = (Folder::new(), le(&F64_VALUES, f64::to_le_bytes));
    let file = npy("<f8", "(2, 3)", &bytes);
    assert_f64_values(&folder.open("pool.npy", &file).unwrap());
    for deflated in [false, true] {
        let archive = npz(&[("v", file.clone())], deflated);
        assert_f64_values(&folder.open("pool.npz", archive).unwrap());
    }
    let header = r#"{"v":{"dtype":"F64","shape":[2,3],"data_offsets":[0,48]}}"#;
    assert_f64_values(&folder.open("pool.safetensors", safetensors(header, &bytes)).unwrap());
}

/// What does not lie as a pool keeps it, or not at a multiple of 8 bytes, has the same values.
#[test]
fn f64_is_rearranged_and_read_unaligned() {
    let folder = Folder::new();
    let columns: Vec<f64> = (0..6).map(|at| F64_VALUES[at % 2 * 3 + at / 2]).collect();
    let header = "{'descr': '>f8', 'fortran_order': True, 'shape': (2, 3)}";
    let file = npy_text(header, &le(&columns, f64::to_be_bytes));
    let pool = folder.open("pool.npy", file).unwrap();
    let read = |row| pool.row_f64(row, &mut Vec::new()).to_vec();
    assert_eq!([read(0), read(1)].concat(), F64_VALUES);
    assert_eq!(pool.notices().len(), 2);
    for padding in 0..8 {
        let spaces = " ".repeat(padding);
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}}{spaces}");
        let file = npy_text(&header, &le(&F64_VALUES, f64::to_le_bytes));
        assert_f64_values(&folder.open("pool.npy", file).unwrap());
    }
}

#[test]
fn rows_of_f64_are_rounded_where_f32_is_asked_for() {
    let doubles = [0.1f64, -1e-50, 1.0 + f64::EPSILON, f32::MAX.into()];
    let pool = Pool::new(&doubles, 2).unwrap();
    assert_pool(&pool, &[0.1, -0.0, 1.0, f32::MAX], 2, "f64");
    let halves = [f16::from_f32(0.5), f16::from_f32(-65504.0)];
    let halves = Pool::new(&halves, 2).unwrap();
    assert_eq!(halves.row_f64(0, &mut Vec::new()), [0.5, -65504.0]);
}

#[test]
fn fortran_order_of_many_blocks_is_transposed() {
    let (folder, rows, d) = (Folder::new(), 201, 37);
    let columns: Vec<f32> = (0..rows * d).map(|at| value(at % rows, at / rows)).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': True, 'shape': ({rows}, {d})}}");
    let pool = folder.open("pool.npy", npy_text(&header, &le(&columns, f32::to_le_bytes))).unwrap();
    assert_pool(&pool, &values(rows, d), d, "f32");
}

#[test]
fn a_single_row_or_column_in_fortran_order_is_mapped() {
    let (folder, bytes) = (Folder::new(), le(&values(3, 1), f32::to_le_bytes));
    for (shape, d) in [("(1, 3)", 3), ("(3, 1)", 1)] {
        let header = format!("{{'descr': '<f4', 'fortran_order': True, 'shape': {shape}}}");
        let pool = folder.open("pool.npy", npy_text(&header, &bytes)).unwrap();
        assert_pool(&pool, &[0.0, 1.0, 2.0], d, "f32");
        assert_eq!(pool.notices(), [""; 0]);
    }
}

#[test]
fn old_and_odd_npy_headers_are_read() {
    let (folder, bytes) = (Folder::new(), le(&values(1, 3), f32::to_le_bytes));
    let headers = [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 3L)}",
        "{'shape':(1,3,),'fortran_order':False,'descr':'<f4'}",
        "  { \"descr\" : \"=f4\" , \"fortran_order\" : False , \"shape\" : ( 1 , 3 ) }  ",
    ];
    for header in headers {
        assert_pool(
            &folder.open("p.npy", npy_text(header, &bytes)).unwrap(),
            &values(1, 3),
            3,
            "f32",
        );
    }
}

#[test]
fn unaligned_rows_read_back() {
    let (folder, expected) = (Folder::new(), values(4, 3));
    for padding in 0..4 {
        let spaces = " ".repeat(padding);
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3)}}{spaces}");
        let file = npy_text(&header, &le(&expected, f32::to_le_bytes));
        let archive = npz(&[("a", file.clone())], false);
        assert_pool(&folder.open("pool.npy", file).unwrap(), &expected, 3, "f32");
        assert_pool(&folder.open("pool.npz", archive).unwrap(), &expected, 3, "f32");
    }
}

/// Names of the big-ann tools: halves, and a file cut off after its first rows, whose header was written anew.
#[test]
fn files_of_big_ann() {
    let folder = Folder::new();
    let halves = le(&values(5, 3), |v| half::f16::from_f32(v).to_le_bytes());
    assert_pool(
        &folder.open("base.10M.f16bin", bin(5, 3, &halves)).unwrap(),
        &values(5, 3),
        3,
        "f16",
    );
    let floats = bin(5, 3, &le(&values(5, 3), f32::to_le_bytes));
    for name in ["base.1B.fbin.crop_nb_5", "base.1B.FBIN.crop_nb_10000000"] {
        assert_pool(&folder.open(name, floats.clone()).unwrap(), &values(5, 3), 3, "f32");
    }
}

/// Beside embeddings people keep labels.
#[test]
fn the_only_array_of_two_dimensions_needs_no_name() {
    let folder = Folder::new();
    let labels = npy("<i8", "(5,)", &[0; 40]);
    let scale = npy("<f8", "()", &[0; 8]);
    let vectors = npy_f32(&values(5, 3), 5, 3);
    for deflated in [false, true] {
        let members =
            [("labels", labels.clone()), ("v", vectors.clone()), ("scale", scale.clone())];
        assert_pool(
            &folder.open("p.npz", npz(&members, deflated)).unwrap(),
            &values(5, 3),
            3,
            "f32",
        );
        let members = [("labels", labels.clone()), ("v", vectors.clone()), ("w", vectors.clone())];
        let told = folder.refusal("p.npz", npz(&members, deflated));
        assert_eq!(told, "holds 2 two-dimensional arrays, name the one to read: 'v', 'w'");
        let told =
            folder.refusal("p.npz", npz(&[("a", labels.clone()), ("b", scale.clone())], deflated));
        assert_eq!(told, "holds 2 arrays, name the one to read: 'a', 'b'");
    }
}

#[test]
fn npz_members_are_found_by_name() {
    let folder = Folder::new();
    let members = [("train", npy_f32(&values(2, 3), 2, 3)), ("test", npy_f32(&values(4, 2), 4, 2))];
    for deflated in [false, true] {
        let path = folder.write("pool.npz", npz(&members, deflated));
        for name in ["test", "test.npy"] {
            let pool = Pool::open_named(&path, Some(name)).unwrap();
            assert_pool(&pool, &values(4, 2), 2, "f32");
        }
    }
}

#[test]
fn one_row_and_one_column_are_pools() {
    let folder = Folder::new();
    let one_row = folder.open("row.npy", npy_f32(&values(1, 4), 1, 4)).unwrap();
    assert_pool(&one_row, &values(1, 4), 4, "f32");
    let one_column = folder.open("column.fvecs", fvecs(&values(4, 1), 1)).unwrap();
    assert_pool(&one_column, &values(4, 1), 1, "f32");
}

#[test]
fn the_hash_depends_on_values_not_on_the_format() {
    let (folder, expected) = (Folder::new(), values(5, 3));
    let bytes = le(&expected, f32::to_le_bytes);
    let tensor = r#"{"v":{"dtype":"F32","shape":[5,3],"data_offsets":[0,60]}}"#;
    let pools = [
        Pool::new(&expected, 3).unwrap(),
        folder.open("pool.npy", npy_f32(&expected, 5, 3)).unwrap(),
        folder.open("pool.npz", npz(&[("v", npy_f32(&expected, 5, 3))], true)).unwrap(),
        folder.open("pool.fbin", bin(5, 3, &bytes)).unwrap(),
        folder.open("pool.fvecs", fvecs(&expected, 3)).unwrap(),
        folder.open("pool.safetensors", safetensors(tensor, &bytes)).unwrap(),
        Pool::open(fixture("fortran.npy")).unwrap(),
    ];
    let hash = pools[0].hash().unwrap();
    assert!(pools.iter().all(|pool| pool.hash().unwrap() == hash));
    for other in ["f16.npy", "f64.npy"] {
        assert_ne!(Pool::open(fixture(other)).unwrap().hash().unwrap(), hash);
    }
}

#[test]
fn extensions_are_read_in_any_case() {
    let pool = Folder::new().open("POOL.NPY", npy_f32(&values(2, 2), 2, 2)).unwrap();
    assert_eq!(pool.rows(), 2);
}

/// bfloat16 as ml_dtypes 0.6.0 saves it, and as uint16; halves as bytes.
#[test]
fn raw_halves_are_read_as_what_they_are_said_to_be() {
    let said = |dtype| OpenOptions { dtype: Some(dtype), ..OpenOptions::default() };
    for name in ["ml_dtypes_bf16.npy", "bf16_as_uint16.npy"] {
        let pool = Pool::open_with(fixture(name), &said(Dtype::Bf16)).unwrap();
        assert_pool(&pool, &values(5, 3), 3, "bf16");
        assert_eq!(pool.notices(), [""; 0]);
    }
    let folder = Folder::new();
    let halves: Vec<f16> = values(5, 3).into_iter().map(f16::from_f32).collect();
    let halves = le(&halves, f16::to_le_bytes);
    let path = folder.write("p.npy", npy("|u1", "(5, 6)", &halves));
    let pool = Pool::open_with(&path, &said(Dtype::F16)).unwrap();
    assert_pool(&pool, &values(5, 3), 3, "f16");
    assert_eq!(Pool::open(&path).unwrap().dimensions(), 6);
    let told = reason(Pool::open_with(&path, &said(Dtype::F32)).unwrap_err());
    assert_eq!(told, "holds rows of 6 bytes, which are no f32 values of 4 each");
    for (descr, deflated) in [("|V2", false), ("<V2", true)] {
        let path = folder.write("p.npz", npz(&[("a", npy(descr, "(5, 3)", &halves))], deflated));
        assert_pool(&Pool::open_with(&path, &said(Dtype::F16)).unwrap(), &values(5, 3), 3, "f16");
        let told = reason(Pool::open(&path).unwrap_err());
        assert!(told.starts_with("holds raw 2-byte values ('V2'), as NumPy writes"), "{told}");
    }
    let path = folder.write("p.npy", npy_f32(&values(5, 3), 5, 3));
    let told = reason(Pool::open_with(&path, &said(Dtype::Bf16)).unwrap_err());
    assert_eq!(told, "holds f32 values, and says so itself: leave out --dtype bf16");
    assert!(Pool::open_with(&path, &said(Dtype::F32)).is_ok());
    let path = folder.write("p.npy", npy("|V2", "(5, 3)", &halves));
    let told = reason(Pool::open_with(&path, &said(Dtype::F32)).unwrap_err());
    assert_eq!(told, "holds raw 2-byte values, not f32 ones");
}
