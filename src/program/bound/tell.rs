//! The bound on the loss by a cover, as a table or as JSON.

use std::fmt::Write as _;

use crate::{Bound, BoundInputs, Coverage, Metric};
use anyhow::Result;
use serde::Serialize;

use crate::program::terminal::short;

/// Shares of the rows, in thousandths.
const SHARES: [usize; 6] = [500, 900, 950, 990, 999, 1000];

/// Everything there is to say.
#[derive(Serialize)]
pub struct Report {
    /// The version that wrote it.
    pub farpoint: &'static str,
    /// Counted rows.
    pub rows: usize,
    pub picks: usize,
    /// Labeled rows and vectors.
    pub labeled: usize,
    pub metric: Metric,
    /// Without what is of a cover.
    #[serde(serialize_with = "constants")]
    pub constants: BoundInputs,
    pub profile: Vec<Quantile>,
    /// Where one was given.
    pub at_radius: Option<Bound>,
    /// The least bound at any radius.
    pub least: Bound,
}

/// The bound at the distance within which a share of the rows lies.
#[derive(Serialize)]
pub struct Quantile {
    /// From 0 to 1.
    share: f64,
    #[serde(flatten)]
    bound: Bound,
}

fn constants<S: serde::Serializer>(of: &BoundInputs, to: S) -> Result<S::Ok, S::Error> {
    let BoundInputs { loss_lipschitz, regression_lipschitz, loss_bound, classes, gamma, .. } = *of;
    serde_json::json!({
        "loss_lipschitz": loss_lipschitz,
        "regression_lipschitz": regression_lipschitz,
        "loss_bound": loss_bound,
        "classes": classes,
        "gamma": gamma,
    })
    .serialize(to)
}

pub fn profile(coverage: &Coverage, constants: &BoundInputs) -> Result<Vec<Quantile>> {
    let quantile = |thousandths: usize| {
        let bound = coverage.bound(coverage.quantile(thousandths), constants)?;
        Ok(Quantile { share: thousandths as f64 / 1000.0, bound })
    };
    SHARES.into_iter().map(quantile).collect()
}

impl Report {
    /// A line of what was covered, a line a distance, and the least bound in words.
    pub fn table(&self) -> String {
        let unit = match self.metric {
            Metric::Euclidean => "",
            Metric::Cosine => " (distances are chords)",
        };
        let Report { rows, picks, labeled, least, .. } = self;
        let mut out = format!("{rows} rows, {picks} picks, {labeled} labeled{unit}\n");
        let names =
            ["rows", "within", "beyond", "covering", "+ uncovered", "+ Hoeffding", "= bound"];
        line(&mut out, names.map(String::from), "");
        for Quantile { share, bound } in &self.profile {
            bound_line(&mut out, format!("{} %", share * 100.0), bound);
        }
        if let Some(bound) = &self.at_radius {
            bound_line(&mut out, "given".into(), bound);
        }
        bound_line(&mut out, "least".into(), least);
        out + &self.verdict() + "\n"
    }

    fn verdict(&self) -> String {
        let Bound { radius, uncovered, total, .. } = self.least;
        let gamma = self.constants.gamma;
        if self.least.vacuous {
            let most = short(self.constants.loss_bound);
            return format!(
                "vacuous at every distance: no loss exceeds {most} anyway, and the least bound is {}",
                short(total)
            );
        }
        format!(
            "with probability {} the mean loss is at most {}: {} rows are within {}, {uncovered} beyond",
            short(1.0 - gamma),
            short(total),
            self.rows - uncovered,
            short(radius),
        )
    }
}

fn bound_line(out: &mut String, name: String, bound: &Bound) {
    let cells = [
        name,
        short(bound.radius),
        bound.uncovered.to_string(),
        short(bound.covering_term),
        short(bound.uncovered_term),
        short(bound.hoeffding_term),
        short(bound.total),
    ];
    line(out, cells, if bound.vacuous { "  vacuous" } else { "" });
}

fn line(out: &mut String, [name, cells @ ..]: [String; 7], note: &str) {
    write!(out, "{name:<8}").expect("a string takes any text");
    for cell in cells {
        write!(out, " {cell:>12}").expect("a string takes any text");
    }
    writeln!(out, "{note}").expect("a string takes any text");
}
