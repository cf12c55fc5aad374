//! Pools in .npy files: rows in place where they lie in order, else converted in memory once.

use super::convert::{Layout, round, row_major};
use super::npy_header::{Header, Kind};
use super::{Bytes, Dtype, Place, Pool, Reason};

/// The pool in the .npy file that `bytes` are, from byte `start` for `length` bytes. Rows are not yet checked.
pub(super) fn read(
    bytes: Bytes<'static>,
    start: usize,
    length: usize,
) -> Result<Pool<'static>, Reason> {
    let file = &bytes.as_slice()[start..start + length];
    let header = Header::parse(file)?;
    let layout = layout(&header)?;
    let shape = (layout.rows, layout.d);
    match header.kind {
        Kind::Stored(dtype) if !layout.fortran && !layout.big_endian => {
            let place = Place { offset: start + header.offset, stride: layout.d * dtype.bytes() };
            Ok(Pool::of_segment(bytes, shape, dtype, place))
        }
        kind => {
            let (values, dtype) = convert(&file[header.offset..], layout, kind)?;
            let place = Place { offset: 0, stride: layout.d * dtype.bytes() };
            let mut pool = Pool::of_segment(values, shape, dtype, place);
            pool.notices = notices(layout, kind);
            Ok(pool)
        }
    }
}

fn layout(header: &Header) -> Result<Layout, Reason> {
    let text = header.shape_text();
    let &[rows, d] = &header.shape[..] else {
        return Err(match header.shape.len() {
            0 => "holds a single number; a pool has the shape (n, d)".into(),
            1 => format!("has the shape {text}; a pool is (n, d): save a.reshape(-1, d), or a[:, None] for d = 1"),
            _ => format!("has the shape {text}; a pool is (n, d): save a.reshape(len(a), -1)"),
        }
        .into());
    };
    if rows == 0 || d == 0 {
        return Err(format!("is empty: its shape is {text}").into());
    }
    // A single row or column lies the same in either order.
    Ok(Layout {
        rows,
        d,
        fortran: header.fortran && rows > 1 && d > 1,
        big_endian: header.big_endian,
    })
}

fn convert(values: &[u8], layout: Layout, kind: Kind) -> Result<(Bytes<'static>, Dtype), Reason> {
    let bytes = match kind {
        Kind::Stored(Dtype::F32) => row_major::<4>(values, layout).into_flattened(),
        Kind::Stored(Dtype::F16 | Dtype::Bf16) => row_major::<2>(values, layout).into_flattened(),
        Kind::Stored(Dtype::U8 | Dtype::I8) => row_major::<1>(values, layout).into_flattened(),
        Kind::F64 => return Ok((Bytes::F32(rounded(values, layout)?), Dtype::F32)),
        Kind::Signed(_) | Kind::Unsigned(_) => {
            return Err(format!("holds {} values; save a.astype(np.float32)", kind.name()).into());
        }
    };
    let Kind::Stored(dtype) = kind else { unreachable!("the others returned") };
    Ok((Bytes::Owned(bytes), dtype))
}

fn rounded(values: &[u8], layout: Layout) -> Result<Vec<f32>, Reason> {
    if layout.fortran || layout.big_endian {
        round(&row_major::<8>(values, layout), layout.d)
    } else {
        round(values.as_chunks().0, layout.d)
    }
}

fn notices(layout: Layout, kind: Kind) -> Vec<String> {
    let told = [
        (layout.fortran, "columns lie together (Fortran order): transposed in memory"),
        (layout.big_endian, "big-endian values: swapped in memory"),
        (kind == Kind::F64, "f64 values rounded to f32"),
    ];
    told.iter().filter(|(applies, _)| *applies).map(|(_, text)| (*text).to_string()).collect()
}
