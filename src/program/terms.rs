//! The options that decide the answer, the same for `select` and `verify`.

use std::path::{Path, PathBuf};

use crate::pool::IdSource;
use crate::{First, Metric};
use anyhow::Result;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::program::budget::{self, Budget};
use crate::program::column_names::{self, ColumnName, List, is_table};
use crate::program::exit::usage;
use crate::program::meant::Meant;

/// The options that decide the answer. `None` is "not said": a .json being verified may say it.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "What is selected")]
pub struct Terms {
    /// Rows to choose, as 1000 or 1e3, or a share of the pool's, as 10%, which is rounded down, to one row at least; labeled rows are not counted. May be
    /// left out when --stop-radius is given
    #[arg(long, short = 'k', value_name = "K", value_parser = budget::parse)]
    pub budget: Option<Budget>,
    /// File of pool rows that are centers from the start (numbered from 0); several by --labeled FILE --labeled FILE
    #[arg(long, value_name = "ROWS")]
    pub labeled: Vec<PathBuf>,
    /// File of vectors from elsewhere that are centers from the start
    #[arg(long, value_name = "VECTORS")]
    pub labeled_vectors: Option<PathBuf>,
    /// How far apart two rows are; cosine works on rows scaled to norm 1, and radii are chords [default: euclidean]
    #[arg(long, value_parser = metric())]
    pub metric: Option<Metric>,
    /// File of one weight a row, at least 0: the row of largest weight times distance is chosen
    #[arg(long, value_name = "WEIGHTS")]
    pub weights: Option<PathBuf>,
    /// File of pool rows that are neither chosen nor counted in the radius; several by --exclude FILE --exclude FILE
    #[arg(long, value_name = "ROWS")]
    pub exclude: Vec<PathBuf>,
    /// Stop once the radius is at most this
    #[arg(long, value_name = "RADIUS", value_parser = radius)]
    pub stop_radius: Option<f64>,
    /// Under cosine, stop once every row has a cosine similarity of at least this to a pick: the radius sqrt(2 - 2 S)
    #[arg(long, value_name = "S", value_parser = similarity, conflicts_with = "stop_radius")]
    pub stop_similarity: Option<f64>,
    /// The first pick, where nothing is labeled: row:<i>, mean (the row nearest it), heaviest, random, farthest-from-mean, farthest-pair (the
    /// lower of the two farthest rows; the other comes second) or loneliest (whose nearest other row is farthest) [default: row 0]
    #[arg(long)]
    pub first: Option<First>,
    /// Seed of --first random [default: 0]
    #[arg(long)]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub meant: Meant,
    /// What rows are called: a column of the pool's files, a file with one id a row (.txt, .csv, .parquet, .npy, .json), or path, the
    /// paths of the files. Picks come out with their ids, and lists of rows may give ids
    #[arg(long, value_name = "IDS")]
    pub ids: Option<String>,
    /// The column of a .csv or .parquet that holds rows, weights or ids, where it is not called row, weight or id; with several such
    /// files labeled=<name>, exclude=<name>, weights=<name>, ids=<name> or picks=<name>, once each
    #[arg(long = "column", value_name = "NAME", value_parser = column_names::parse)]
    pub columns: Vec<ColumnName>,
}

impl Terms {
    /// Refuses options that contradict each other, whatever the files hold.
    pub fn check(&self) -> Result<()> {
        self.check_budget()?;
        if self.stop_similarity.is_some() && self.metric() != Metric::Cosine {
            return usage("--stop-similarity is of --metric cosine alone");
        }
        if self.budget.is_none() && self.stop_radius().is_none() {
            return usage("give --budget, --stop-radius or both: nothing says when to stop");
        }
        self.check_first()
    }

    /// A budget of nothing.
    pub fn check_budget(&self) -> Result<()> {
        if self.budget == Some(Budget::Rows(0)) {
            return Err(crate::Error::BudgetZero.into());
        }
        Ok(())
    }

    /// A seed that nothing heeds. A file of picks may say that the first was random: checked once that is known.
    pub fn check_seed(&self) -> Result<()> {
        if self.seed.is_some() && self.first != Some(First::Random) {
            return usage("--seed is of --first random alone: nothing else is random");
        }
        Ok(())
    }

    /// Contradictions about the first center, whatever the files hold.
    pub fn check_first(&self) -> Result<()> {
        self.check_free(self.labeled_vectors.is_some())?;
        if self.first == Some(First::Heaviest) && self.weights.is_none() {
            return usage("--first heaviest needs --weights");
        }
        Ok(())
    }

    /// A first center where something is labeled. A list of labeled rows may be empty: checked once it is read.
    pub fn check_free(&self, is_labeled: bool) -> Result<()> {
        if self.first.is_some() && is_labeled {
            return usage(
                "--first is for when nothing is labeled: with labeled rows the farthest from them comes first",
            );
        }
        Ok(())
    }

    /// The same terms, with every `--column` given to its file; `picks` may be one of the files.
    pub fn with_columns(&self, picks: Option<&Path>) -> Result<Terms> {
        let of = |list, files: &[PathBuf]| files.iter().any(|file| is_table(file)).then_some(list);
        let one = |list, file: Option<&Path>| file.is_some_and(is_table).then_some(list);
        let tables = [
            of(List::Labeled, &self.labeled),
            of(List::Exclude, &self.exclude),
            one(List::Weights, self.weights.as_deref()),
            one(List::Ids, self.id_file().as_deref()),
            one(List::Picks, picks),
        ];
        let tables: Vec<List> = tables.into_iter().flatten().collect();
        Ok(Terms { columns: column_names::resolve(&self.columns, &tables)?, ..self.clone() })
    }

    /// The column to read `list` from, where one was chosen.
    pub fn column(&self, list: List) -> Option<&str> {
        let column = self.columns.iter().find(|column| column.list == Some(list));
        column.map(|column| &*column.name)
    }

    /// The same terms with the `recorded` seed, if no seed is given and the first row is random.
    pub fn with_seed(self, recorded: u64) -> Terms {
        let recorded = Some(recorded).filter(|_| self.first == Some(First::Random));
        Terms { seed: self.seed.or(recorded), ..self }
    }

    /// Where the ids of rows come from, if they have some.
    pub fn id_source(&self) -> Option<IdSource> {
        let source = IdSource::named(self.ids.as_deref()?);
        Some(match source {
            IdSource::File { path, .. } => {
                IdSource::File { path, column: self.column(List::Ids).map(String::from) }
            }
            other => other,
        })
    }

    /// The file of ids, if there is one.
    fn id_file(&self) -> Option<PathBuf> {
        match IdSource::named(self.ids.as_deref()?) {
            IdSource::File { path, .. } => Some(path),
            _ => None,
        }
    }

    pub fn metric(&self) -> Metric {
        self.metric.unwrap_or_default()
    }

    /// The radius at which to stop, a chord under cosine.
    pub fn stop_radius(&self) -> Option<f64> {
        self.stop_radius.or(self.stop_similarity.map(|similarity| (2.0 - 2.0 * similarity).sqrt()))
    }

    pub fn first(&self) -> First {
        self.first.unwrap_or_default()
    }

    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or_default()
    }

    /// The files the answer depends on, beside the pool.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let lists = self.labeled.iter().chain(&self.exclude);
        let files = lists.chain(&self.labeled_vectors).chain(&self.weights).cloned();
        files.chain(self.id_file())
    }
}

/// A metric by its name; a parser of its own lists the names in help and completions.
pub fn metric() -> impl TypedValueParser<Value = Metric> {
    let names = [Metric::Euclidean, Metric::Cosine].map(Metric::name);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Metric>())
}

fn radius(text: &str) -> Result<f64, String> {
    let radius: f64 = text.parse().map_err(|_| "not a number".to_string())?;
    if radius.is_finite() && radius >= 0.0 {
        return Ok(radius);
    }
    Err("a radius is a finite number of at least 0".into())
}

fn similarity(text: &str) -> Result<f64, String> {
    let similarity: f64 = text.parse().map_err(|_| "not a number".to_string())?;
    if (-1.0..=1.0).contains(&similarity) {
        return Ok(similarity);
    }
    Err("a cosine similarity is a number from -1 to 1".into())
}

/// A policy as records keep it; the default has no name there.
pub fn first_name(first: First) -> Option<String> {
    (first != First::Lowest).then(|| first.to_string())
}
