//! `farpoint synth`.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::synth::{Blocks, Shape};
use anyhow::Result;
use clap::ValueEnum;
use half::{bf16, f16};

use crate::program::budget;
use crate::program::exit::{self, usage};
use crate::program::interrupt::Interrupt;
use crate::program::npy;
use crate::program::progress::Bar;
use crate::program::target::{Out, Target};

/// Longer rows than any pool has.
const MOST_DIMENSIONS: usize = 1 << 20;

/// Make a pool of known shape, to try things on: the same file on every machine
///
/// The file is written while it is made: memory does not grow with the number of rows.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file to write: .npy
    output: PathBuf,
    /// What the rows look like
    #[arg(long)]
    shape: ShapeName,
    /// Number of rows, as 1000 or 1e3
    #[arg(long, short = 'n', value_parser = budget::rows)]
    rows: usize,
    /// Values a row
    #[arg(long, short = 'd')]
    dimensions: usize,
    /// Another seed, another pool
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How values are stored. Whole numbers: `integers` and `sift` as they are, other shapes times 32; u8 adds 128 to all but `sift`, from
    /// which i8 takes it
    #[arg(long, default_value = "f32")]
    dtype: DtypeName,
    /// CPU threads; 0 is one a core. The file does not depend on it
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShapeName {
    /// Independent, near-normal values
    Gaussian,
    /// Independent directions of norm 1
    Unit,
    /// 200 clusters with a few directions of spread each
    Mixture,
    /// Like sentence embeddings: norm 1, clustered, with a decaying spectrum
    Text,
    /// Like a network's last layer: rectified random features of 100 clusters in 16 dimensions
    Features,
    /// Whole numbers from -8 to 8: plentiful ties
    Integers,
    /// Like SIFT descriptors: whole numbers from 0 to 255, mostly small, in 1,024 clusters of unlike size and spread
    Sift,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DtypeName {
    F32,
    F16,
    Bf16,
    U8,
    I8,
}

pub fn run(arguments: &Arguments) -> Result<exit::Code> {
    let bytes = arguments.bytes()?;
    if arguments.output.extension().is_none_or(|extension| extension != "npy") {
        return usage(format!("{}: its name must end in .npy", arguments.output.display()));
    }
    // Ends the program at once; an unfinished file is gone.
    let _listening = Interrupt::listen()?;
    let target = Target::new(&arguments.output)?;
    target.check_room(bytes)?;
    target.write(|out| arguments.write(out))?;
    Ok(exit::DONE)
}

impl Arguments {
    /// Bytes of the values.
    fn bytes(&self) -> Result<u64> {
        let (n, d) = (self.rows, self.dimensions);
        let bytes = n.checked_mul(d).and_then(|values| values.checked_mul(self.dtype.width()));
        match bytes.filter(|&bytes| bytes > 0 && bytes <= isize::MAX as usize) {
            Some(_) if d > MOST_DIMENSIONS => {
                usage(format!("rows of {d} values are not made: {MOST_DIMENSIONS} are the most"))
            }
            Some(bytes) => Ok(bytes as u64),
            None => usage(format!("no pool has {n} rows of {d} dimensions")),
        }
    }

    fn write(&self, out: &mut Out) -> Result<()> {
        npy::header(out, self.dtype.descr(), &[self.rows, self.dimensions])?;
        let bar = Bar::rows(self.rows, false);
        let row_bytes = self.dimensions * self.dtype.width();
        let blocks = Blocks {
            shape: self.shape.shape(),
            rows: self.rows,
            dimensions: self.dimensions,
            seed: self.seed,
            threads: self.threads,
        };
        let whole = Whole::new(self.shape, self.dtype);
        let encode = |values: &[f32], bytes: &mut [u8]| self.dtype.encode(values, whole, bytes);
        let written = blocks.each(self.dtype.width(), encode, |block: &[u8]| {
            out.write_all(block)?;
            bar.advance(block.len() / row_bytes);
            Ok::<(), io::Error>(())
        });
        bar.clear();
        Ok(written??)
    }
}

impl ShapeName {
    fn shape(self) -> Shape {
        match self {
            ShapeName::Gaussian => Shape::Gaussian,
            ShapeName::Unit => Shape::Unit,
            ShapeName::Mixture => Shape::Mixture,
            ShapeName::Text => Shape::Text,
            ShapeName::Features => Shape::Features,
            ShapeName::Integers => Shape::Integers,
            ShapeName::Sift => Shape::Sift,
        }
    }
}

/// How values become whole numbers: times `scale`, plus `shift`, rounded.
#[derive(Debug, Clone, Copy)]
struct Whole {
    scale: f32,
    shift: f32,
}

impl Whole {
    fn new(shape: ShapeName, dtype: DtypeName) -> Whole {
        let scale = if matches!(shape, ShapeName::Integers | ShapeName::Sift) { 1.0 } else { 32.0 };
        let shift = match (shape, dtype) {
            (ShapeName::Sift, DtypeName::I8) => -128.0,
            (ShapeName::Sift, _) | (_, DtypeName::I8) => 0.0,
            _ => 128.0,
        };
        Whole { scale, shift }
    }

    /// A whole number, which a cast to an integer then saturates.
    fn of(self, value: f32) -> f32 {
        // Values that are not scaled are whole.
        let whole = if self.scale == 1.0 { value } else { (value * self.scale).round() };
        whole + self.shift
    }
}

impl DtypeName {
    /// As .npy files spell it. NumPy has no bfloat16 of its own; this is ml_dtypes' name for it.
    fn descr(self) -> &'static str {
        match self {
            DtypeName::F32 => "<f4",
            DtypeName::F16 => "<f2",
            DtypeName::Bf16 => "bfloat16",
            DtypeName::U8 => "|u1",
            DtypeName::I8 => "|i1",
        }
    }

    /// Bytes a value.
    fn width(self) -> usize {
        match self {
            DtypeName::F32 => 4,
            DtypeName::F16 | DtypeName::Bf16 => 2,
            DtypeName::U8 | DtypeName::I8 => 1,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float to integer cast saturates, as wanted"
    )]
    #[expect(clippy::cast_sign_loss, reason = "the same")]
    fn encode(self, values: &[f32], whole: Whole, bytes: &mut [u8]) {
        match self {
            DtypeName::F32 => put(values, bytes, f32::to_le_bytes),
            DtypeName::F16 => put(values, bytes, |v| f16::from_f32(v).to_le_bytes()),
            DtypeName::Bf16 => put(values, bytes, |v| bf16::from_f32(v).to_le_bytes()),
            DtypeName::U8 => put(values, bytes, |v| [whole.of(v) as u8]),
            DtypeName::I8 => put(values, bytes, |v| (whole.of(v) as i8).to_le_bytes()),
        }
    }
}

/// Each value in its bytes.
fn put<const W: usize>(values: &[f32], bytes: &mut [u8], encode: impl Fn(f32) -> [u8; W]) {
    let encoded = bytes.as_chunks_mut().0.iter_mut();
    encoded.zip(values).for_each(|(bytes, &value)| *bytes = encode(value));
}
