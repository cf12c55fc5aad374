//! `farpoint bound`.

mod chosen;
mod tell;

use std::path::PathBuf;

use crate::{Bound, BoundInputs, Coverage, Error, Metric, Options, coverage};
use anyhow::Result;

use crate::program::column_names::{self, ColumnName, List};
use crate::program::exit::{self, usage};
use crate::program::inputs::Inputs;
use crate::program::meant::Meant;
use crate::program::storage::Storage;
use crate::program::terminal::print;
use crate::program::terms::{self, Terms};
use chosen::Chosen;
use tell::Report;

/// Say how picks of any kind cover the pool, and what that bounds the loss by of a network trained on them
///
/// Theorem 1 of Sener & Savarese (2018): with probability 1 - gamma the mean loss over all n rows is at most d (l + r L C) +
/// sqrt(L^2 ln(1/gamma) / (2 n)), where every row is within d of a center, l and r are the two Lipschitz constants, L is the
/// largest loss and C the number of classes; if the network's loss on every center is 0. With a share p of the rows farther than d
/// the first term becomes (1 - p) d (l + r L C) + p L. Printed for the distances that cover 50 to 100 % of the rows, and for
/// the one whose bound is the least.
///
/// The constants are with respect to the rows of the pool. Where those are a convolutional network's inputs, Lemma 1 of the paper
/// gives --loss-lipschitz: the 2-norm between class probabilities and the softmax output is (sqrt(C - 1) / C) a^(layers)
/// Lipschitz, a the largest sum of absolute weights into one neuron, layers the convolutional and fully connected ones together.
///
/// Options not given are taken from the .json that `select` or `robust` wrote, whose pool hash must be the pool's.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The pool, as for select
    pool: PathBuf,
    /// The picks, in any order: .json, .npy, .txt, .csv or .parquet
    picks: PathBuf,
    /// Also bound at this distance, with the rows beyond it uncovered
    #[arg(long, value_name = "RADIUS")]
    at_radius: Option<f64>,
    /// CPU threads; 0 is one a core
    #[arg(long, default_value_t = 0)]
    threads: usize,
    #[command(flatten)]
    storage: Storage,
    /// Print everything as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    constants: Constants,
    #[command(flatten)]
    covered: Covered,
}

/// What is known of the loss.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is known of the loss")]
struct Constants {
    /// How fast the loss of a label can change with the row: the paper's lambda^l
    #[arg(long, value_name = "L")]
    loss_lipschitz: f64,
    /// How fast the probability of a class can change with the row: lambda^eta (lambda^mu in the theorem, a misprint)
    #[arg(long, value_name = "R")]
    regression_lipschitz: f64,
    /// The largest loss there is
    #[arg(long, value_name = "LOSS")]
    loss_bound: f64,
    /// Classes
    #[arg(long, value_name = "C")]
    classes: usize,
    /// The probability with which the bound may fail
    #[arg(long, value_name = "GAMMA")]
    gamma: f64,
}

/// The part of [`Terms`] that a cover depends on.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is covered")]
struct Covered {
    /// File of pool rows that are centers from the start (numbered from 0), which are counted; several by --labeled FILE --labeled
    /// FILE
    #[arg(long, value_name = "ROWS")]
    labeled: Vec<PathBuf>,
    /// File of vectors from elsewhere that are centers from the start
    #[arg(long, value_name = "VECTORS")]
    labeled_vectors: Option<PathBuf>,
    /// How far apart two rows are; cosine works on rows scaled to norm 1, and radii are chords [default: euclidean]
    #[arg(long, value_parser = terms::metric())]
    metric: Option<Metric>,
    /// File of pool rows that are not counted; several by --exclude FILE --exclude FILE
    #[arg(long, value_name = "ROWS")]
    exclude: Vec<PathBuf>,
    #[command(flatten)]
    meant: Meant,
    /// What rows are called, as for `select`: the picks and lists of rows may then be ids
    #[arg(long, value_name = "IDS")]
    ids: Option<String>,
    /// The column of a .csv or .parquet that holds rows or ids, where it is not called row or id; with several such files
    /// labeled=<name>, exclude=<name>, ids=<name> or picks=<name>, once each
    #[arg(long = "column", value_name = "NAME", value_parser = column_names::parse)]
    columns: Vec<ColumnName>,
}

impl Covered {
    fn terms(&self) -> Terms {
        Terms {
            labeled: self.labeled.clone(),
            labeled_vectors: self.labeled_vectors.clone(),
            metric: self.metric,
            exclude: self.exclude.clone(),
            meant: self.meant.clone(),
            ids: self.ids.clone(),
            columns: self.columns.clone(),
            ..Terms::default()
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<exit::Code> {
    let constants = arguments.constants()?;
    let given = arguments.covered.terms().with_columns(Some(&arguments.picks))?;
    let chosen = Chosen::read(&arguments.picks, given.column(List::Picks), given.ids.is_some())?;
    let terms = chosen.complete(&given)?;
    let inputs = Inputs::open(&arguments.pool, &terms, &arguments.storage)?;
    inputs.tell_notices();
    chosen.check_same(&inputs, &given, &terms)?;
    let options = Options { threads: arguments.threads, ..inputs.options(&terms) };
    let centers = chosen.centers(&inputs)?;
    let coverage = coverage(&inputs.pool, &centers, &options)?;
    let report = Report {
        farpoint: env!("CARGO_PKG_VERSION"),
        rows: coverage.rows(),
        picks: centers.len(),
        labeled: options.labeled.len() + options.labeled_vectors.map_or(0, |pool| pool.rows()),
        metric: options.metric,
        constants,
        profile: tell::profile(&coverage, &constants)?,
        at_radius: arguments.at_radius(&coverage, &constants)?,
        least: coverage.least_bound(&constants)?,
    };
    print(|out| match arguments.json {
        true => Ok(writeln!(out, "{}", serde_json::to_string(&report)?)?),
        false => Ok(out.write_all(report.table().as_bytes())?),
    })?;
    Ok(exit::DONE)
}

impl Arguments {
    /// The constants, looked at before anything is read: of rows and their cover nothing is known yet.
    fn constants(&self) -> Result<BoundInputs> {
        let Constants { loss_lipschitz, regression_lipschitz, loss_bound, classes, gamma } =
            self.constants;
        let constants = BoundInputs {
            loss_lipschitz,
            regression_lipschitz,
            loss_bound,
            classes,
            gamma,
            rows: 1,
            radius: self.at_radius.unwrap_or(0.0),
            uncovered: 0,
        };
        match crate::bound(&constants) {
            Ok(_) => Ok(constants),
            Err(Error::Bound { name, value, must }) => {
                let option = if name == "radius" { "at-radius" } else { name };
                usage(format!("--{} {value} is not {must}", option.replace('_', "-")))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn at_radius(&self, coverage: &Coverage, constants: &BoundInputs) -> Result<Option<Bound>> {
        Ok(self.at_radius.map(|radius| coverage.bound(radius, constants)).transpose()?)
    }
}
