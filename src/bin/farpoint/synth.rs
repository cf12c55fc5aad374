//! `farpoint synth`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use farpoint::synth::{self, Shape};
use half::{bf16, f16};

use crate::exit::usage;
use crate::npy;
use crate::target::Target;

/// Make a pool of known shape, to try things on: the same file on every machine
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file to write: .npy
    output: PathBuf,
    /// What the rows look like
    #[arg(long)]
    shape: ShapeName,
    /// Number of rows
    #[arg(long, short = 'n')]
    rows: usize,
    /// Values a row
    #[arg(long, short = 'd')]
    dimensions: usize,
    /// Another seed, another pool
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How values are stored. Whole numbers: `integers` as they are, other shapes times 32; u8 adds 128
    #[arg(long, default_value = "f32")]
    dtype: DtypeName,
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
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DtypeName {
    F32,
    F16,
    Bf16,
    U8,
    I8,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (n, d) = (arguments.rows, arguments.dimensions);
    if n == 0 || d == 0 || n.checked_mul(d).is_none_or(|values| values > isize::MAX as usize / 4) {
        return usage(format!("no pool has {n} rows of {d} dimensions"));
    }
    if arguments.output.extension().is_none_or(|extension| extension != "npy") {
        return usage(format!("{}: its name must end in .npy", arguments.output.display()));
    }
    let target = Target::new(&arguments.output)?;
    let values = synth::pool(arguments.shape.shape(), n, d, arguments.seed);
    target.write(|out| {
        npy::header(out, arguments.dtype.descr(), &[n, d])?;
        Ok(arguments.dtype.write(out, &values, arguments.shape.scale())?)
    })?;
    Ok(ExitCode::SUCCESS)
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
        }
    }

    /// Values are multiplied by this before they are rounded to whole numbers.
    fn scale(self) -> f32 {
        if matches!(self, ShapeName::Integers) { 1.0 } else { 32.0 }
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

    fn write(self, out: &mut impl Write, values: &[f32], scale: f32) -> std::io::Result<()> {
        let mut all = values.iter().copied();
        match self {
            DtypeName::F32 => all.try_for_each(|v| out.write_all(&v.to_le_bytes())),
            DtypeName::F16 => all.try_for_each(|v| out.write_all(&f16::from_f32(v).to_le_bytes())),
            DtypeName::Bf16 => {
                all.try_for_each(|v| out.write_all(&bf16::from_f32(v).to_le_bytes()))
            }
            DtypeName::U8 => {
                all.try_for_each(|v| out.write_all(&[whole(v, scale).cast_unsigned() ^ 0x80]))
            }
            DtypeName::I8 => {
                all.try_for_each(|v| out.write_all(&[whole(v, scale).cast_unsigned()]))
            }
        }
    }
}

/// The nearest whole number that a byte holds.
#[expect(clippy::cast_possible_truncation, reason = "a float to integer cast saturates, as wanted")]
fn whole(value: f32, scale: f32) -> i8 {
    (value * scale).round() as i8
}
