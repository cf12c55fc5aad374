//! The files a selection is written to: checked before the work starts, each written whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::report::About;
use crate::{Options, Pool};
use anyhow::{Result, bail};
use serde::Serialize;

use crate::program::columns;
use crate::program::command_line;
use crate::program::exit::usage;
use crate::program::listing::Listing;
use crate::program::npy;
use crate::program::target::Target;
use crate::program::terminal::say;

/// Where the selection goes.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "What is written")]
pub struct OutputPaths {
    /// The picks, in order: .npy (int64), .txt (one a line, ids where rows have some), .csv and .parquet
    /// (rank,row,id,file,row_in_file,radius) or .json (everything)
    #[arg(long, short, value_name = "PICKS")]
    pub output: Option<PathBuf>,
    /// Every row's distance to its nearest center: .npy (float64). With --ray a folder that all nodes share: two files a part, of
    /// distances and of nearest centers
    #[arg(long, value_name = "NPY")]
    pub distances: Option<PathBuf>,
    /// Every row's nearest center: .npy (int64); p >= 0 is a rank counted from 0, -1-l is labeled entry l
    #[arg(long, value_name = "NPY")]
    pub assignment: Option<PathBuf>,
    /// A page to look at: coverage curve, distances, a map of pool and picks: .html
    #[arg(long, value_name = "HTML")]
    pub report: Option<PathBuf>,
}

/// How picks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Npy,
    Txt,
    Csv,
    Json,
    Parquet,
}

/// Checked [`OutputPaths`].
pub struct Outputs {
    picks: Option<(Target, Format)>,
    distances: Option<Target>,
    assignment: Option<Target>,
    report: Option<Target>,
}

/// The results to be written.
pub struct Made<'a> {
    pub picks: &'a Listing<'a>,
    /// One a pick, or one fewer; `None` where picks have no order.
    pub radii: Option<&'a [f64]>,
    /// Values of every row, which only a finished run has.
    pub min_distances: Option<&'a [f64]>,
    pub assignment: Option<&'a [i64]>,
    /// Writes the .json.
    pub json: &'a dyn Fn(&mut dyn Write) -> Result<()>,
    /// Makes the page.
    pub report: &'a dyn Fn() -> Result<String>,
}

impl OutputPaths {
    /// Check everything that can be known before the work: names, folders, and that no file is meant twice.
    /// `inputs` are files to be read, which no output may replace.
    pub fn check(&self, inputs: impl Iterator<Item = PathBuf>) -> Result<Outputs> {
        let format = self.output.as_deref().map(format).transpose()?;
        check_extension("--distances", self.distances.as_deref(), &["npy"])?;
        check_extension("--assignment", self.assignment.as_deref(), &["npy"])?;
        check_extension("--report", self.report.as_deref(), &["html", "htm"])?;
        let outputs = Outputs {
            picks: target(self.output.as_deref())?.zip(format),
            distances: target(self.distances.as_deref())?,
            assignment: target(self.assignment.as_deref())?,
            report: target(self.report.as_deref())?,
        };
        outputs.check_replace_none(inputs)?;
        outputs.check_distinct()?;
        Ok(outputs)
    }
}

fn target(path: Option<&Path>) -> Result<Option<Target>> {
    path.map(Target::new).transpose()
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn format(path: &Path) -> Result<Format> {
    match &*extension(path) {
        "npy" => Ok(Format::Npy),
        "txt" => Ok(Format::Txt),
        "csv" => Ok(Format::Csv),
        "json" => Ok(Format::Json),
        "parquet" if columns::AVAILABLE => Ok(Format::Parquet),
        "parquet" => bail!("{}: {}", path.display(), columns::UNAVAILABLE),
        _ => usage(format!(
            "--output {}: picks are written as .npy, .txt, .csv, .json or .parquet",
            path.display()
        )),
    }
}

fn check_extension(option: &str, path: Option<&Path>, known: &[&str]) -> Result<()> {
    match path {
        Some(path) if !known.contains(&&*extension(path)) => {
            usage(format!("{option} {}: its name must end in .{}", path.display(), known[0]))
        }
        _ => Ok(()),
    }
}

impl Outputs {
    /// Whether every row's nearest center is wanted.
    pub fn need_assignment(&self) -> bool {
        self.distances.is_some() || self.assignment.is_some() || self.report.is_some()
    }

    /// Whether [`Made::record`] is wanted.
    pub fn need_record(&self) -> bool {
        matches!(self.picks, Some((_, Format::Json)))
    }

    /// The file of picks, if one is wanted.
    pub fn picks(&self) -> Option<&Path> {
        self.picks.as_ref().map(|(target, _)| target.shown())
    }

    fn targets(&self) -> impl Iterator<Item = &Target> {
        let picks = self.picks.iter().map(|(target, _)| target);
        picks.chain(&self.distances).chain(&self.assignment).chain(&self.report)
    }

    /// The targets that replace a file.
    fn replacing(&self) -> impl Iterator<Item = &Target> {
        self.targets().filter(|target| !target.is_in_place())
    }

    /// Refuse outputs that would replace one of `inputs`.
    pub fn check_replace_none(&self, inputs: impl Iterator<Item = PathBuf>) -> Result<()> {
        let inputs: Vec<PathBuf> = inputs.collect();
        match self.replacing().find(|target| inputs.iter().any(|input| target.is(input))) {
            Some(target) => {
                let shown = target.shown().display();
                usage(format!("{shown} would be replaced: it is read by this very run"))
            }
            None => Ok(()),
        }
    }

    /// Refuse `target`, one more output, where it would replace one of `inputs` or another output.
    pub fn check_beside(
        &self,
        target: &Target,
        mut inputs: impl Iterator<Item = PathBuf>,
    ) -> Result<()> {
        let shown = target.shown().display();
        if target.is_in_place() {
            return Ok(());
        }
        if inputs.any(|input| target.is(&input)) {
            return usage(format!("{shown} would be replaced: it is read by this very run"));
        }
        if self.replacing().any(|other| other.path() == target.path()) {
            return usage(format!("{shown} is named for two outputs"));
        }
        Ok(())
    }

    fn check_distinct(&self) -> Result<()> {
        let targets: Vec<&Target> = self.replacing().collect();
        for (at, target) in targets.iter().enumerate() {
            if targets[..at].iter().any(|other| other.path() == target.path()) {
                return usage(format!("{} is named for two outputs", target.shown().display()));
            }
        }
        Ok(())
    }

    /// Write every file asked for, the picks first.
    pub fn write(&self, made: &Made) -> Result<()> {
        if let Some((target, format)) = &self.picks {
            target.write(|out| write_picks(out, *format, made))?;
        }
        if let Some(target) = &self.distances {
            write_settled(target, made.min_distances, npy::numbers)?;
        }
        if let Some(target) = &self.assignment {
            write_settled(target, made.assignment, npy::integers)?;
        }
        match &self.report {
            Some(target) => target.write(|out| Ok(out.write_all((made.report)()?.as_bytes())?)),
            None => Ok(()),
        }
    }
}

/// Values of every row, which only a finished run has.
fn write_settled<T>(
    target: &Target,
    values: Option<&[T]>,
    write: impl FnOnce(&mut dyn Write, &[T]) -> std::io::Result<()>,
) -> Result<()> {
    match values {
        Some(values) => target.write(|out| Ok(write(out, values)?)),
        None => {
            let path = target.shown().display();
            say(format_args!("note: {path}: not written, the run was interrupted before"));
            Ok(())
        }
    }
}

fn write_picks(mut out: impl Write + Send, format: Format, made: &Made) -> Result<()> {
    match format {
        Format::Npy => Ok(npy::rows(&mut out, made.picks.centers)?),
        Format::Txt => made.picks.write_lines(&mut out),
        Format::Csv => write_csv(&mut out, made),
        Format::Json => (made.json)(&mut out),
        Format::Parquet => columns::write(out, made.picks, made.radii),
    }
}

/// A table: ranks from 1; ids where rows have some; no radii where picks have no order. The radius an interrupted run does not know is
/// left empty.
fn write_csv(out: &mut dyn Write, made: &Made) -> Result<()> {
    let (picks, mut table) = (made.picks, csv::Writer::from_writer(out));
    let id = picks.ids.as_ref().map(|_| "id");
    let radius = made.radii.map(|_| "radius");
    let names = ["rank", "row"].into_iter().chain(id).chain(["file", "row_in_file"]).chain(radius);
    table.write_record(names)?;
    for (pick, row) in picks.centers.iter().enumerate() {
        let (file, row_in_file) = picks.place(pick)?;
        let mut cells = vec![(pick + 1).to_string(), row.to_string()];
        cells.extend(picks.ids.as_ref().map(|ids| ids[pick].to_string()));
        cells.extend([file.display().to_string(), row_in_file.to_string()]);
        let radius = |radii: &[f64]| radii.get(pick).map(f64::to_string).unwrap_or_default();
        cells.extend(made.radii.map(radius));
        table.write_record(cells)?;
    }
    Ok(table.flush()?)
}

/// A record, on one line.
pub fn write_json(out: &mut dyn Write, record: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *out, record).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}

/// The page that `page` makes of a run over `pool`, from `path`; `facts` are added to it.
pub fn report(
    options: &Options,
    path: &Path,
    pool: &Pool,
    picks: &Listing,
    facts: &[(String, String)],
    page: impl FnOnce(&About) -> String,
) -> Result<String> {
    let version = ("farpoint".to_string(), env!("CARGO_PKG_VERSION").to_string());
    let page = page(&About {
        pool: &path.display().to_string(),
        options,
        ids: picks.ids.as_deref().unwrap_or_default(),
        command: &command_line::line(),
        facts: &[&[version][..], facts].concat(),
    });
    pool.check_reads()?;
    Ok(page)
}
