//! What is meant in the pool's files, where they do not say it alone.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::pool::OpenOptions;
use crate::{Dtype, Metric};

/// What is meant in the pool's files. `None` is "not said".
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub struct Meant {
    /// The tensor, member, column, field or key of the pool's file that holds the vectors; of a field in structs or objects with points
    /// between, as data.embedding
    #[arg(long, value_name = "NAME")]
    pub tensor: Option<String>,
    /// The columns of a table (Parquet, Arrow, CSV) that has one a dimension: a pattern as 'f*', or several with commas between. They
    /// stand in the order of the file
    #[arg(id = "dimensions", long = "columns", value_name = "PATTERN", conflicts_with = "tensor")]
    pub columns: Option<String>,
    /// What raw values are: bytes, or 2-byte values of no type, as databases and NumPy keep halves. Text is read as this type, else as f64,
    /// word vectors as f32
    #[arg(long, value_parser = dtype())]
    pub dtype: Option<Dtype>,
    /// The format of the pool's files, where their names do not tell: an extension, such as fbin, or word2vec
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Leave out rows that hold NaN, infinity or nothing, under cosine also rows of zeros, in the place of refusing the pool. They keep
    /// their numbers, and are neither chosen nor counted
    #[arg(long)]
    pub skip_bad: bool,
}

impl Meant {
    /// How to open such a pool, for distances of this `metric`.
    pub fn options(&self, metric: Metric) -> OpenOptions<'_> {
        OpenOptions {
            name: self.tensor.as_deref(),
            columns: self.columns.as_deref(),
            dtype: self.dtype,
            format: self.format.as_deref(),
            skip_bad: self.skip_bad.then_some(metric),
            ..OpenOptions::default()
        }
    }

    /// The same, completed by what was `recorded`. Columns and a tensor are two ways to say one thing.
    pub fn complete(&self, recorded: Meant) -> Meant {
        let given = self.clone();
        let (tensor, columns) = match (&given.tensor, &given.columns) {
            (None, None) => (recorded.tensor, recorded.columns),
            _ => (given.tensor, given.columns),
        };
        let format = given.format.or(recorded.format);
        let skip_bad = given.skip_bad || recorded.skip_bad;
        Meant { tensor, columns, dtype: given.dtype.or(recorded.dtype), format, skip_bad }
    }
}

/// A dtype by its name.
fn dtype() -> impl TypedValueParser<Value = Dtype> {
    const ALL: [Dtype; 6] = [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::Bf16, Dtype::U8, Dtype::I8];
    PossibleValuesParser::new(ALL.map(Dtype::name))
        .map(|name| ALL.into_iter().find(|dtype| dtype.name() == name).expect("one of them"))
}
