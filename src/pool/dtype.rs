//! The types of stored values.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

#[cfg(feature = "cuda")]
use crate::values::RowBlock;
use crate::values::{RowScratch, RowValues};

/// How a pool's values are stored. All but f64 are exact in f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// IEEE binary64, of values no larger than f32 has.
    F64,
    /// IEEE binary32.
    F32,
    /// IEEE binary16.
    F16,
    /// bfloat16.
    Bf16,
    /// Unsigned bytes.
    U8,
    /// Signed bytes.
    I8,
}

impl Dtype {
    /// Bytes a value.
    pub fn bytes(self) -> usize {
        match self {
            Dtype::F64 => 8,
            Dtype::F32 => 4,
            Dtype::F16 | Dtype::Bf16 => 2,
            Dtype::U8 | Dtype::I8 => 1,
        }
    }

    /// The name used on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::F64 => "f64",
            Dtype::F32 => "f32",
            Dtype::F16 => "f16",
            Dtype::Bf16 => "bf16",
            Dtype::U8 => "u8",
            Dtype::I8 => "i8",
        }
    }

    /// Whether every value is a whole number, so that each is finite.
    pub(crate) fn is_integer(self) -> bool {
        matches!(self, Dtype::U8 | Dtype::I8)
    }

    /// From which number to which, in words, where these are few.
    pub fn range(self) -> Option<&'static str> {
        match self {
            Dtype::U8 => Some("0 to 255"),
            Dtype::I8 => Some("-128 to 127"),
            Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::Bf16 => None,
        }
    }

    /// Decode `bytes`, little-endian values of this type, into `out`: exact, but of f64, of which it is the nearest f32.
    #[expect(clippy::cast_possible_truncation, reason = "the rounding that `Pool::row` tells of")]
    pub(crate) fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        if self == Dtype::F16 && decode_aligned(bytes, out) {
            return;
        }
        out.clear();
        match self {
            Dtype::F64 => out.extend(chunks(bytes).map(|b| f64::from_le_bytes(b) as f32)),
            Dtype::F32 => out.extend(chunks(bytes).map(f32::from_le_bytes)),
            Dtype::F16 => out.extend(chunks(bytes).map(|b| f16::from_le_bytes(b).to_f32())),
            Dtype::Bf16 => out.extend(chunks(bytes).map(|b| bf16::from_le_bytes(b).to_f32())),
            Dtype::U8 => out.extend(bytes.iter().map(|&b| f32::from(b))),
            Dtype::I8 => out.extend(bytes.iter().map(|&b| f32::from(b.cast_signed()))),
        }
    }

    /// Decode `bytes`, little-endian values of this type, into `out`: exact.
    pub(crate) fn decode_f64(self, bytes: &[u8], out: &mut Vec<f64>) {
        if self == Dtype::F64 {
            out.clear();
            out.extend(chunks(bytes).map(f64::from_le_bytes));
            return;
        }
        let mut single = Vec::new();
        self.decode(bytes, &mut single);
        out.clear();
        out.extend(single.into_iter().map(f64::from));
    }

    /// `bytes`, little-endian values of this type, as distances read them: borrowed where they lie so, else made in `scratch`.
    pub(crate) fn values<'s>(self, bytes: &'s [u8], scratch: &'s mut RowScratch) -> RowValues<'s> {
        let RowScratch { f32: single, f64: double } = scratch;
        match self {
            Dtype::F64 => RowValues::F64(bytemuck::try_cast_slice(bytes).unwrap_or_else(|_| {
                self.decode_f64(bytes, double);
                double
            })),
            Dtype::F32 => RowValues::F32(bytemuck::try_cast_slice(bytes).unwrap_or_else(|_| {
                self.decode(bytes, single);
                single
            })),
            Dtype::F16 | Dtype::Bf16 | Dtype::U8 | Dtype::I8 => {
                self.decode(bytes, single);
                RowValues::F32(single)
            }
        }
    }

    /// `bytes`, little-endian values of this type, as distances read them.
    #[cfg(feature = "cuda")]
    pub(crate) fn block(self, bytes: &[u8]) -> RowBlock {
        let (mut single, mut double) = (Vec::new(), Vec::new());
        if self == Dtype::F64 {
            self.decode_f64(bytes, &mut double);
            return RowBlock::F64(double);
        }
        self.decode(bytes, &mut single);
        RowBlock::F32(single)
    }

    /// Whether `bytes`, little-endian values of this type, are what a pool may hold: neither NaN nor infinity, which have an exponent
    /// of all ones, and no f64 beyond [`LARGEST`].
    pub(crate) fn all_fit(self, bytes: &[u8]) -> bool {
        match self {
            Dtype::F64 => none(chunks(bytes).map(|b| !fits(f64::from_le_bytes(b)))),
            Dtype::F32 => {
                none(chunks(bytes).map(|b| u32::from_le_bytes(b) & EXPONENT_F32 == EXPONENT_F32))
            }
            Dtype::F16 => {
                none(chunks(bytes).map(|b| u16::from_le_bytes(b) & EXPONENT_F16 == EXPONENT_F16))
            }
            Dtype::Bf16 => {
                none(chunks(bytes).map(|b| u16::from_le_bytes(b) & EXPONENT_BF16 == EXPONENT_BF16))
            }
            Dtype::U8 | Dtype::I8 => true,
        }
    }
}

impl Dtype {
    /// The first of `bytes`, little-endian values of this type, that no pool holds: its place and value.
    pub(crate) fn first_unfit(self, bytes: &[u8]) -> Option<(usize, f64)> {
        if self.all_fit(bytes) {
            return None;
        }
        let mut values = Vec::new();
        self.decode_f64(bytes, &mut values);
        let dimension = values.iter().position(|&value| !fits(value))?;
        Some((dimension, values[dimension]))
    }
}

/// The largest f64 of a pool, which is the largest f32: squares of differences then sum to a finite number, and the filters, which work
/// in f32, can hold a mean of such values.
pub(crate) const LARGEST: f64 = f32::MAX as f64;

/// Whether a pool may hold this value. No NaN does.
pub(crate) fn fits(value: f64) -> bool {
    value.abs() <= LARGEST
}

const EXPONENT_F32: u32 = 0x7f80_0000;
const EXPONENT_F16: u16 = 0x7c00;
const EXPONENT_BF16: u16 = 0x7f80;

/// Decodes f16 values that lie on their own boundaries, many at a time. False if they do not.
fn decode_aligned(bytes: &[u8], out: &mut Vec<f32>) -> bool {
    let Ok(values) = bytemuck::try_cast_slice::<u8, f16>(bytes) else { return false };
    out.resize(values.len(), 0.0);
    values.convert_to_f32_slice(out);
    true
}

/// Without an early exit, so that it runs on vectors.
fn none(bad: impl Iterator<Item = bool>) -> bool {
    !bad.fold(false, |any, bad| any | bad)
}

fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

mod sealed {
    pub trait Sealed {}
}

/// A type of value that a pool can be made of: `f64`, `f32`, `f16`, `bf16`, `u8` or `i8`.
pub trait Element: bytemuck::Pod + sealed::Sealed {
    /// Its name at run time.
    const DTYPE: Dtype;
}

macro_rules! element {
    ($($t:ty => $dtype:ident),*) => {$(
        impl sealed::Sealed for $t {}
        impl Element for $t {
            const DTYPE: Dtype = Dtype::$dtype;
        }
    )*};
}
element!(f64 => F64, f32 => F32, f16 => F16, bf16 => Bf16, u8 => U8, i8 => I8);
