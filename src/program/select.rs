//! `farpoint select`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::report::{self, About};
use crate::{Device, Error, Options, Selection, select_with};
use anyhow::{Context, Result};

use crate::program::column_names::List;
use crate::program::command_line;
use crate::program::exit::{self, INTERRUPTED};
use crate::program::inputs::Inputs;
use crate::program::interrupt::Interrupt;
use crate::program::listing::Listing;
use crate::program::outputs::{self, Made, OutputPaths, Outputs, write_json};
use crate::program::picks::PicksFile;
use crate::program::progress::Bar;
use crate::program::ray::{self, Ray};
use crate::program::record::Record;
use crate::program::storage::Storage;
use crate::program::summary;
use crate::program::terminal::{print, say};
use crate::program::terms::Terms;

/// Select rows that leave no row of the pool far from one of them
///
/// Rows are numbered from 0 and printed one a line, in the order they were chosen, unless --output or --json is given.
/// The first k rows of a larger selection are the selection of k.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The pool: a file of vectors (.npy, .npz, .safetensors, .pt, .parquet, .arrow, .h5, .zarr, .fbin, .f16bin, .u8bin, .i8bin, .fvecs, .bvecs,
    /// .csv, .jsonl, .vec), a folder of them, or a pattern such as 'shards/*.npy'; in an object store, too, such as 's3://bucket/shards/*.npy', or one file at
    /// https://, with credentials from the environment or, of S3, a profile in ~/.aws. The rows of many files follow each other in
    /// order of the files' names, shard_2 before shard_10
    pub pool: PathBuf,
    #[command(flatten)]
    pub terms: Terms,
    #[command(flatten)]
    pub outputs: OutputPaths,
    #[command(flatten)]
    pub running: Running,
    #[command(flatten)]
    pub ray: Ray,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How it runs")]
pub struct Running {
    /// Where to work: auto, cpu, cuda, cuda:<number>, several GPUs as cuda:0,1, or cuda:all. auto is GPU 0, or the CPU where there is
    /// no NVIDIA driver; where there is one and its GPU cannot be used, the CPU with a warning
    #[arg(long, default_value = "auto")]
    pub device: Device,
    /// CPU threads; 0 is one a core. The answer does not depend on it
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    #[command(flatten)]
    pub storage: Storage,
    /// Picks of an earlier run, counted in the budget: the run goes on from there, with the options that run had. A .json
    /// says what its --first, --seed, --tensor, --columns, --dtype and --format were
    #[arg(long, value_name = "PICKS")]
    pub resume: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(long, short, conflicts_with = "log")]
    pub quiet: bool,
    /// Print what the run did, on stderr: counts, phases, picks a second
    #[arg(long)]
    pub log: bool,
    /// Print everything as one JSON object instead of rows
    #[arg(long)]
    pub json: bool,
}

pub fn run(arguments: &Arguments) -> Result<exit::Code> {
    if arguments.ray.is_asked() {
        return ray::run();
    }
    arguments.terms.check()?;
    let given = arguments.terms.with_columns(arguments.running.resume.as_deref())?;
    let device = arguments.running.device;
    let interrupt = Interrupt::listen()?;
    let outputs = arguments.outputs.check(arguments.files())?;
    let opening = Instant::now();
    let earlier = arguments.running.resume.as_deref().map(|path| Earlier::read(path, &given));
    let earlier = earlier.transpose()?;
    let terms = match &earlier {
        Some(earlier) => earlier.terms(&given)?,
        None => given,
    };
    terms.check_seed()?;
    let inputs = Inputs::open(&arguments.pool, &terms, &arguments.running.storage)?;
    outputs.check_replace_none(inputs.files())?;
    if !arguments.running.quiet {
        inputs.tell_notices();
        earlier.iter().for_each(Earlier::tell_if_empty);
    }
    let options = Options {
        device,
        threads: arguments.running.threads,
        resume: earlier.map_or(Ok(Vec::new()), |earlier| earlier.centers(&inputs, &terms))?,
        assign: outputs.need_assignment(),
        ..inputs.options(&terms)
    };
    inputs.check_first(&terms)?;
    interrupt.selecting();
    if arguments.running.log {
        say(format_args!("open_seconds {}", opening.elapsed().as_secs_f64()));
    }
    let started = Instant::now();
    let budget = inputs.budget(&terms);
    let (selection, lost) = kept(arguments.select(&inputs, budget, &options, &interrupt))?;
    let seconds = started.elapsed().as_secs_f64();
    let picks = Listing::new(&inputs, &selection.centers)?;
    let run = Finished { terms: &terms, options: &options, selection: &selection, seconds };
    arguments.finish(&outputs, &inputs, &run, &picks)?;
    if selection.interrupted {
        tell_how_to_go_on(&selection, &outputs);
    }
    if let Some(lost) = lost {
        return Err(lost.into());
    }
    Ok(if selection.interrupted { INTERRUPTED } else { exit::DONE })
}

/// A run that has ended, and what was asked of it.
pub struct Finished<'r> {
    pub terms: &'r Terms,
    pub options: &'r Options<'r>,
    pub selection: &'r Selection,
    pub seconds: f64,
}

/// The selection; also what there is of one whose GPU or file was lost under way, as after an interruption, and the error to end with.
fn kept(made: Result<Selection, Error>) -> Result<(Selection, Option<Error>)> {
    match made {
        Ok(selection) => Ok((selection, None)),
        Err(error) => match &error {
            Error::Lost { selection: Some(part), .. }
            | Error::Read { selection: Some(part), .. }
                if !part.radii.is_empty() =>
            {
                Ok(((**part).clone(), Some(error)))
            }
            _ => Err(error.into()),
        },
    }
}

impl Arguments {
    /// The files that are read, which no output may replace. The file of picks to resume from may be replaced, since
    /// the new picks begin with the same ones.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.terms.files().chain([self.pool.clone()])
    }

    fn select(
        &self,
        inputs: &Inputs,
        budget: usize,
        options: &Options,
        interrupt: &Interrupt,
    ) -> Result<Selection, Error> {
        let bar = Bar::new(budget, self.running.quiet);
        let selection = select_with(&inputs.pool, budget, options, &mut |progress| {
            bar.show(progress);
            interrupt.flow()
        });
        bar.clear();
        selection
    }

    /// Write the files that are asked for, and say and print the rest.
    pub fn finish(
        &self,
        outputs: &Outputs,
        inputs: &Inputs,
        run: &Finished,
        picks: &Listing,
    ) -> Result<()> {
        let record = (self.running.json || outputs.need_record()).then(|| {
            let pool = inputs.pool_record(&self.pool, !run.selection.interrupted)?;
            let terms = inputs.terms_record(run.terms)?;
            Record::new(pool, terms, run.selection, picks, run.seconds)
        });
        let record = record.transpose()?;
        self.write(outputs, inputs, run, picks, record.as_ref())?;
        self.tell(inputs, run);
        self.print(picks, record.as_ref(), outputs)
    }

    fn write(
        &self,
        outputs: &Outputs,
        inputs: &Inputs,
        run: &Finished,
        picks: &Listing,
        record: Option<&Record>,
    ) -> Result<()> {
        let Finished { options, selection, .. } = *run;
        outputs.write(&Made {
            picks,
            radii: Some(&selection.radii),
            min_distances: selection.min_distances.as_deref(),
            assignment: selection.assignment.as_deref(),
            json: &|out| write_json(out, record.context("a record, made for .json")?),
            report: &|| {
                let page = |about: &About| report::html(&inputs.pool, selection, about);
                outputs::report(options, &self.pool, &inputs.pool, picks, &[], page)
            },
        })
    }

    /// The words around the answer.
    fn tell(&self, inputs: &Inputs, run: &Finished) {
        let Finished { options, selection, seconds, .. } = *run;
        if !self.running.quiet {
            summary::warn(&selection.statistics);
            summary::tell(&inputs.pool, options, selection, seconds);
        }
        if self.running.log {
            summary::log(&inputs.pool, selection, seconds);
        }
    }

    fn print(&self, picks: &Listing, record: Option<&Record>, outputs: &Outputs) -> Result<()> {
        if self.running.json {
            let record = record.context("a record, made for --json")?;
            return print(|out| write_json(out, record));
        }
        match outputs.picks() {
            Some(_) => Ok(()),
            None => print(|out| picks.write_lines(out)),
        }
    }
}

/// The picks of an earlier run, to go on from.
pub struct Earlier<'a> {
    pub path: &'a Path,
    pub picks: PicksFile,
}

impl Earlier<'_> {
    pub fn read<'p>(path: &'p Path, terms: &Terms) -> Result<Earlier<'p>> {
        let picks = PicksFile::read(path, terms.column(List::Picks), terms.ids.is_some())?;
        Ok(Earlier { path, picks })
    }

    /// `given`, and what only the .json says: what was meant in the pool's files, and how the first of these picks was chosen.
    pub fn terms(&self, given: &Terms) -> Result<Terms> {
        let Some(record) = &self.picks.record else { return Ok(given.clone()) };
        record.options.complete_run(given).with_context(|| self.path.display().to_string())
    }

    pub fn tell_if_empty(&self) {
        if self.picks.is_empty() {
            say(format_args!("note: {}: holds no picks to go on from", self.path.display()));
        }
    }

    /// The picks, if they are of this pool and these options.
    pub fn centers(self, inputs: &Inputs, terms: &Terms) -> Result<Vec<usize>> {
        if let Some(record) = &self.picks.record {
            let same = inputs
                .check_same(&record.pool)
                .and_then(|()| record.options.check_same(&inputs.terms_record(terms)?));
            same.with_context(|| self.path.display().to_string())?;
        }
        Ok(self.picks.picks(inputs.ids())?.centers)
    }
}

/// What goes on from the picks of a run that was interrupted.
pub fn tell_how_to_go_on(selection: &Selection, outputs: &Outputs) {
    let picks = selection.centers.len();
    match outputs.picks() {
        Some(path) => say(format_args!(
            "interrupted after {picks} picks: go on with the same options and --resume {}:\n{}",
            path.display(),
            command_line::resuming(command_line::words(), path)
        )),
        None => say(format_args!(
            "interrupted after {picks} picks: save the rows in a .txt and go on with the same options and --resume"
        )),
    }
}
