//! Files that are no pools, and the line that says why.

use farpoint::{Error, Pool};

use crate::writers::*;

fn fixture_refusal(name: &str) -> String {
    reason(Pool::open(fixture(name)).unwrap_err())
}

#[test]
fn other_types_are_refused_by_name() {
    let float = "save a.astype(np.float32)";
    assert_eq!(fixture_refusal("int64.npy"), format!("holds int64 values; {float}"));
    assert_eq!(
        fixture_refusal("objects.npy"),
        "holds Python objects, which are never loaded; save np.stack(a).astype(np.float32)"
    );
    assert_eq!(
        fixture_refusal("structured.npy"),
        "holds a structured array; save the field with the vectors as an array of its own"
    );
    assert_eq!(
        fixture_refusal("ml_dtypes_bf16.npy"),
        "holds raw 2-byte values ('V2'), as NumPy writes bfloat16: --dtype bf16 says that they are, --dtype f16 that they are halves"
    );
    let folder = Folder::new();
    for (descr, name) in [("<u2", "uint16"), ("<i2", "int16")] {
        assert_eq!(
            folder.refusal("pool.npy", npy(descr, "(1, 1)", &[0, 0])),
            format!(
                "holds {name} values; save a.astype(np.float32), or say by --dtype bf16 or f16 that they are halves"
            )
        );
    }
    let named = [
        ("<f16", "extended-precision floats"),
        ("<U7", "strings"),
        ("|S3", "strings"),
        ("<M8[ns]", "dates or times"),
        ("|V9", "raw bytes"),
        ("nonsense", "values of type 'nonsense'"),
    ];
    for (descr, name) in named {
        let told = folder.refusal("pool.npy", npy(descr, "(1, 1)", &[0, 0]));
        assert_eq!(told, format!("holds {name}; {float}"));
    }
}

/// Between rows of both parts beside each other distances are those between the complex ones.
#[test]
fn complex_values_keep_both_parts() {
    let folder = Folder::new();
    for (descr, name) in [("<c8", "complex64"), ("<c16", "complex128")] {
        let parts = "save np.hstack([a.real, a.imag]).astype(np.float32), between whose rows distances are the same";
        let told = folder.refusal("pool.npy", npy(descr, "(1, 1)", &[0, 0]));
        assert_eq!(told, format!("holds {name} values; {parts}"));
    }
}

#[test]
fn other_shapes_are_refused_with_advice() {
    let folder = Folder::new();
    let refusal = |shape: &str, n| folder.refusal("p.npy", npy("|u1", shape, &vec![1; n]));
    assert_eq!(
        refusal("(6,)", 6),
        "has the shape (6,); a pool is (n, d): save a.reshape(-1, d), or a[:, None] for d = 1"
    );
    let reshaped = "a pool is (n, d): save a.reshape(len(a), -1) if each entry is a row";
    assert_eq!(
        refusal("(2, 3, 4)", 24),
        format!(
            "has the shape (2, 3, 4); {reshaped}, or a.reshape(-1, 4) if each vector in it is one"
        )
    );
    assert_eq!(
        refusal("(2, 3, 2, 2)", 24),
        format!(
            "has the shape (2, 3, 2, 2); {reshaped}; of feature maps (B, C, H, W) each place is one by np.moveaxis(a, 1, -1).reshape(-1, 3)"
        )
    );
    assert_eq!(refusal("(1, 3, 4)", 12), "has the shape (1, 3, 4); a pool is (n, d): save a[0]");
    assert_eq!(refusal("()", 1), "holds a single number; a pool has the shape (n, d)");
    assert_eq!(refusal("(0, 3)", 0), "holds no rows");
    assert_eq!(refusal("(3, 0)", 0), "is empty: its shape is (3, 0)");
    for shape in ["(-1, 2)", "(2, 3]", "[2, 3]", "2", "(1.5, 2)", "(99999999999999999999, 1)"] {
        assert_eq!(refusal(shape, 6), format!("its header gives the shape {shape}"));
    }
}

#[test]
fn claims_are_checked_before_anything_is_allocated() {
    let folder = Folder::new();
    let refusal = |shape: &str| folder.refusal("p.npy", npy("<f4", shape, &[0; 20]));
    assert_eq!(
        refusal("(2500000, 1000)"),
        "claims 10000000000 bytes of values, (2500000, 1000) of float32, but holds 20: truncated?"
    );
    let side = "4294967296";
    assert_eq!(
        refusal(&format!("({side}, {side})")),
        format!("claims the shape ({side}, {side}), more than any file holds")
    );
    assert_eq!(
        refusal("(2, 2)"),
        "has 4 bytes after its 16 bytes of values; write one array a file"
    );
}

#[test]
fn damaged_npy_headers_are_refused() {
    let folder = Folder::new();
    let refusal = |bytes: &[u8]| folder.refusal("p.npy", bytes);
    assert_eq!(refusal(b""), "is a file of 0 bytes");
    assert_eq!(refusal(b"PK\x03\x04"), "does not begin as an .npy file does");
    assert_eq!(refusal(b"\x93NUMPY"), "ends inside its header");
    assert_eq!(refusal(b"\x93NUMPY\x01\x00\x08"), "ends inside its header");
    assert_eq!(refusal(b"\x93NUMPY\x04\x00\x08\x00"), "is .npy version 4; 1, 2 and 3 are known");
    assert_eq!(
        refusal(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{"),
        "claims a header of 4294967295 bytes, but holds 1 after it begins"
    );
    let headers = [
        ("{}", "its header lacks 'descr'"),
        ("{'descr': '<f4'}", "its header lacks 'fortran_order'"),
        ("{'descr': '<f4', 'fortran_order': False}", "its header lacks 'shape'"),
        ("{'descr': '<f4', 'fortran_order': 0}", "its header says fortran_order 0"),
        ("{'descr'}", "its header is not the dictionary that NumPy writes"),
        ("(1, 2)", "its header is not the dictionary that NumPy writes"),
    ];
    for (header, told) in headers {
        assert_eq!(refusal(&npy_text(header, &[])), told);
    }
}

#[test]
fn values_that_are_not_finite_name_their_row() {
    let folder = Folder::new();
    let mut values = values(1000, 3);
    values[3 * 999] = f32::INFINITY;
    values[3 * 700 + 2] = f32::NAN;
    let told = folder.refusal("pool.npy", npy_f32(&values, 1000, 3));
    assert_eq!(
        told,
        "row 700 holds NaN at dimension 2; every value must be finite; --skip-bad leaves such rows out"
    );
    for (descr, bits, told) in [("<f2", 0xfc00u16, "-inf"), ("bfloat16", 0x7f80, "inf")] {
        let bytes = le(&[0x0001, 0x8000, 0x0400, bits], u16::to_le_bytes);
        let refusal = folder.refusal("pool.npy", npy(descr, "(2, 2)", &bytes));
        assert_eq!(
            refusal,
            format!(
                "row 1 holds {told} at dimension 1; every value must be finite; --skip-bad leaves such rows out"
            )
        );
    }
    for (value, told) in [(f64::NAN, "NaN"), (f64::NEG_INFINITY, "-inf")] {
        let bytes = le(&[1.0, 2.0, value, 1e308], f64::to_le_bytes);
        let refusal = folder.refusal("pool.npy", npy("<f8", "(2, 2)", &bytes));
        assert_eq!(
            refusal,
            format!(
                "row 1 holds {told} at dimension 0; every value must be finite; --skip-bad leaves such rows out"
            )
        );
    }
}

/// The largest f32 is the largest f64 of a pool, whichever way it comes.
#[test]
fn f64_values_beyond_f32_name_their_row() {
    let (folder, most) = (Folder::new(), f64::from(f32::MAX));
    assert!(Pool::new(&[most, -most, 5e-324, -0.0], 2).is_ok());
    for (value, text) in [(most.next_up(), "3.402823466385289e38"), (-1e308, "-1e308")] {
        let told = format!(
            "row 1 holds {text} at dimension 0; f64 values are at most 3.4028235e38 in size: scale the pool"
        );
        let values = [1.0, 2.0, value, f64::NAN];
        assert_eq!(Pool::new(&values, 2).unwrap_err().to_string(), told);
        let bytes = le(&values, f64::to_le_bytes);
        assert_eq!(folder.refusal("pool.npy", npy("<f8", "(2, 2)", &bytes)), told);
    }
}

#[test]
fn the_benchmark_formats_are_checked_against_their_length() {
    let folder = Folder::new();
    assert_eq!(
        folder.refusal("p.fbin", [1, 0, 0]),
        "holds 3 bytes; the header alone is 8: n and d"
    );
    assert_eq!(
        folder.refusal("p.fbin", bin(u32::MAX, u32::MAX, &[0; 4])),
        "claims 4294967295 rows of 4294967295 values, 4 bytes each, but holds 4 bytes"
    );
    assert_eq!(
        folder.refusal("p.u8bin", bin(2, 2, &[0; 5])),
        "claims 2 rows of 2 values, 1 bytes each, but holds 5 bytes"
    );
    assert_eq!(folder.refusal("p.i8bin", bin(0, 9, &[])), "holds no rows");
    let positive = "does not begin with a dimension: a positive 4-byte integer";
    assert_eq!(folder.refusal("p.fvecs", [0, 0, 0, 0]), positive);
    assert_eq!(folder.refusal("p.fvecs", [1, 0]), positive);
    assert_eq!(folder.refusal("p.fvecs", [255; 8]), positive);
    assert_eq!(
        folder.refusal("p.bvecs", [2, 0, 0, 0, 1, 2, 2, 0, 0]),
        "holds 9 bytes, not rows of 6: 4 and 2 values"
    );
    assert_eq!(
        folder.refusal("p.bvecs", [1, 0, 0, 0, 9, 1, 0, 0, 0, 9, 2, 0, 0, 0, 9]),
        "row 2 does not begin with the dimension of row 0, 1"
    );
}

#[test]
fn safetensors_are_checked() {
    let folder = Folder::new();
    let tensor = |dtype: &str, shape: &str, end| {
        format!(r#"{{"v":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{end}]}}}}"#)
    };
    let refusal =
        |header: &str, n| folder.refusal("p.safetensors", safetensors(header, &vec![0; n]));
    assert_eq!(refusal("{}", 0), "holds no two-dimensional tensors");
    assert_eq!(refusal(&tensor("F32", "[2]", 8), 8), "holds no two-dimensional tensors");
    assert_eq!(
        refusal(&tensor("I64", "[1,1]", 8), 8),
        "holds I64 values; save tensor.to(torch.float32)"
    );
    for (header, held) in [
        (tensor("F32", "[2,2]", 16), 15),
        (tensor("F32", "[2,2]", 16), 17),
        (tensor("F32", "[4294967296,4294967296]", 16), 16),
        ("not json".into(), 0),
    ] {
        let told = refusal(&header, held);
        assert!(told.starts_with("is not a whole safetensors file: "), "{told}");
    }
    let huge = folder.refusal("p.safetensors", [255; 16]);
    assert!(huge.starts_with("is not a whole safetensors file: "), "{huge}");
}

#[test]
fn archives_name_their_arrays() {
    let folder = Folder::new();
    let array = npy_f32(&values(1, 1), 1, 1);
    let members = [("b", array.clone()), ("a", array.clone())];
    let path = folder.write("pool.npz", npz(&members, false));
    let refusal = |name| reason(Pool::open_named(&path, name).unwrap_err());
    assert_eq!(refusal(None), "holds 2 two-dimensional arrays, name the one to read: 'b', 'a'");
    assert_eq!(refusal(Some("c")), "has 'c' not among its arrays: 'b', 'a'");
    assert_eq!(folder.refusal("empty.npz", npz(&[], false)), "holds no arrays");
    let npy = folder.write("pool.npy", array);
    let told = reason(Pool::open_named(npy, Some("a")).unwrap_err());
    assert_eq!(told, "holds one array without a name: leave out 'a'");
}

#[test]
fn damaged_archives_are_refused() {
    let folder = Folder::new();
    let file = npy_f32(&values(200, 3), 200, 3);
    for deflated in [false, true] {
        let whole = npz(&[("a", file.clone())], deflated);
        // A value changed in the middle: only the checksum knows.
        let mut changed = whole.clone();
        changed[whole.len() / 2] ^= 1;
        let told = folder.refusal("changed.npz", changed);
        assert!(told.starts_with("is not a whole .npz archive: "), "{told}");
        let told = folder.refusal("truncated.npz", &whole[..whole.len() - 30]);
        assert!(told.starts_with("is not a whole .npz archive: "), "{told}");
    }
}

#[test]
fn a_member_that_claims_more_than_it_can_hold_is_refused() {
    let whole = npz(&[("a", npy_f32(&values(2, 2), 2, 2))], true);
    let mut hostile = whole.clone();
    // The uncompressed size: at 22 of the local header, at 24 of the central one.
    let central = whole.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    for at in [22, central + 24] {
        hostile[at..at + 4].copy_from_slice(&0xf000_0000u32.to_le_bytes());
    }
    let told = Folder::new().refusal("pool.npz", hostile);
    assert!(told.starts_with("a member claims 4026531840 bytes in "), "{told}");
}

#[test]
fn paths_that_cannot_be_read_are_io_errors() {
    let folder = Folder::new();
    let missing = Pool::open(folder.path("missing.npy")).unwrap_err();
    assert!(matches!(missing, Error::Io { .. }));
    assert!(missing.to_string().contains("missing.npy: "), "{missing}");
    let unknown = reason(Pool::open(folder.write("pool", "")).unwrap_err());
    assert!(unknown.starts_with("is of no format that pools are read from: .npy, "), "{unknown}");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn without_the_feature_parquet_is_refused_by_name() {
    let told = "this build reads neither Parquet nor Arrow: build with the feature 'parquet'";
    assert_eq!(fixture_refusal("fixed_zstd.parquet"), told);
    assert_eq!(fixture_refusal("plain.arrow"), told);
}
