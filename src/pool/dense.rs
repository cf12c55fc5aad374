//! Dense `(n, d)` arrays inside a file, whatever format it has: in place where they lie as a pool does, else converted.

use super::bytes::{Place, Store};
use super::convert::{Layout, row_major};
use super::reason::{NO_ROWS, Reason};
use super::scratch::Room;
use super::{Dtype, Pool};

/// The type of the values of an array in a file, as far as a pool, a row list or weights may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Stored(Dtype),
    /// Bytes a value; one byte is [`Dtype::I8`].
    Signed(usize),
    /// Bytes a value; one byte is [`Dtype::U8`].
    Unsigned(usize),
    /// Bytes a value; of what type is not said.
    Raw(usize),
}

impl Kind {
    pub fn bytes(self) -> usize {
        match self {
            Kind::Stored(dtype) => dtype.bytes(),
            Kind::Signed(bytes) | Kind::Unsigned(bytes) | Kind::Raw(bytes) => bytes,
        }
    }

    /// As NumPy calls it.
    pub fn name(self) -> String {
        match self {
            Kind::Stored(Dtype::F64) => "float64".into(),
            Kind::Stored(Dtype::F32) => "float32".into(),
            Kind::Stored(Dtype::F16) => "float16".into(),
            Kind::Stored(Dtype::Bf16) => "bfloat16".into(),
            Kind::Stored(Dtype::U8) => "uint8".into(),
            Kind::Stored(Dtype::I8) => "int8".into(),
            Kind::Signed(bytes) => format!("int{}", 8 * bytes),
            Kind::Unsigned(bytes) => format!("uint{}", 8 * bytes),
            Kind::Raw(bytes) => format!("raw {bytes}-byte"),
        }
    }
}

/// A shape as Python writes it.
pub(super) fn shape_text(shape: &[usize]) -> String {
    let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
    if let [only] = &sides[..] { format!("({only},)") } else { format!("({})", sides.join(", ")) }
}

/// `(n, d)` of a pool's array.
pub(super) fn rows_and_dimensions(shape: &[usize]) -> Result<(usize, usize), Reason> {
    let text = shape_text(shape);
    let reason = match *shape {
        [rows, d] if rows > 0 && d > 0 => return Ok((rows, d)),
        [0, d] if d > 0 => return Err(NO_ROWS),
        [_, _] => format!("is empty: its shape is {text}"),
        [] => "holds a single number; a pool has the shape (n, d)".into(),
        [_] => format!(
            "has the shape {text}; a pool is (n, d): save a.reshape(-1, d), or a[:, None] for d = 1"
        ),
        [1, _, _] => format!("has the shape {text}; a pool is (n, d): save a[0]"),
        [_, channels, _, _] => format!(
            "has the shape {text}; a pool is (n, d): save a.reshape(len(a), -1) if each entry is a row; of feature maps (B, C, H, W) each \
             place is one by np.moveaxis(a, 1, -1).reshape(-1, {channels})"
        ),
        [.., last] => format!(
            "has the shape {text}; a pool is (n, d): save a.reshape(len(a), -1) if each entry is a row, or a.reshape(-1, {last}) if each \
             vector in it is one"
        ),
    };
    Err(reason.into())
}

/// Number of bytes of an array, if it is a number.
pub(super) fn array_bytes(shape: &[usize], kind: Kind) -> Option<usize> {
    shape.iter().try_fold(kind.bytes(), |bytes, &side| bytes.checked_mul(side))
}

/// The pool whose values start at `offset` of `store`, which the caller knows to hold all of them. Not yet checked.
pub(super) fn pool(
    store: Store<'static>,
    offset: usize,
    layout: Layout,
    kind: Kind,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    // A single row or column lies the same in either order.
    let fortran = layout.fortran && layout.rows > 1 && layout.d > 1;
    let layout = Layout { fortran, ..layout };
    let shape = (layout.rows, layout.d);
    if let Kind::Stored(dtype) = kind
        && layout.in_place()
    {
        let place = Place::dense(offset, layout.d * dtype.bytes());
        return Ok(Pool::of_segment(store, shape, dtype, place));
    }
    if let Kind::Stored(dtype) = kind
        && room.is_for_outlines()
    {
        return Ok(Pool { notices: notices(layout), ..Pool::without_values(shape, dtype) });
    }
    let (values, dtype) = convert(&store, offset, layout, kind, room)?;
    let place = Place::dense(0, layout.d * dtype.bytes());
    let mut pool = Pool::of_segment(values, shape, dtype, place);
    pool.notices = notices(layout);
    Ok(pool)
}

/// The type of a pool's values.
pub(super) fn stored(kind: Kind) -> Result<Dtype, Reason> {
    match kind {
        Kind::Stored(dtype) => Ok(dtype),
        Kind::Signed(bytes) | Kind::Unsigned(bytes) | Kind::Raw(bytes) => {
            let or = match bytes {
                2 => ", or say by --dtype bf16 or f16 that they are halves",
                _ => "",
            };
            Err(format!("holds {} values; save a.astype(np.float32){or}", kind.name()).into())
        }
    }
}

fn convert(
    store: &Store<'static>,
    offset: usize,
    layout: Layout,
    kind: Kind,
    room: &Room,
) -> Result<(Store<'static>, Dtype), Reason> {
    let dtype = stored(kind)?;
    let values = match dtype.bytes() {
        8 => row_major::<8>(store, offset, layout, room),
        4 => row_major::<4>(store, offset, layout, room),
        2 => row_major::<2>(store, offset, layout, room),
        _ => row_major::<1>(store, offset, layout, room),
    };
    Ok((values?, dtype))
}

/// What is told of values that were rearranged.
pub(super) fn notices(layout: Layout) -> Vec<String> {
    let told = [
        (layout.fortran, "columns lie together (Fortran order): transposed once"),
        (layout.big_endian, "big-endian values: swapped once"),
    ];
    told.iter().filter(|(applies, _)| *applies).map(|(_, text)| (*text).to_string()).collect()
}
