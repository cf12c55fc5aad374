//! `farpoint select`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use farpoint::report::{self, About};
use farpoint::{Device, Error, Options, Selection, select_with};

use crate::column_names::List;
use crate::exit::INTERRUPTED;
use crate::inputs::Inputs;
use crate::interrupt::Interrupt;
use crate::outputs::{self, Made, OutputPaths, Outputs, write_json, write_lines};
use crate::picks::Picks;
use crate::progress::Bar;
use crate::record::Record;
use crate::storage::Storage;
use crate::summary;
use crate::terminal::{print, say};
use crate::terms::Terms;

/// Select rows that leave no row of the pool far from one of them
///
/// Rows are numbered from 0 and printed one a line, in the order they were chosen, unless --output or --json is given.
/// The first k rows of a larger selection are the selection of k.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The pool: a file of vectors (.npy, .npz, .safetensors, .parquet, .arrow, .fbin, .u8bin, .i8bin, .fvecs, .bvecs), a
    /// folder of them, or a pattern such as 'shards/*.npy'. The rows of many files follow each other in order of the files' names,
    /// shard_10 before shard_2
    pool: PathBuf,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    outputs: OutputPaths,
    #[command(flatten)]
    running: Running,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How it runs")]
struct Running {
    /// Where to work: auto, cpu, cuda or cuda:<number>. auto is GPU 0, or the CPU where there is no NVIDIA driver; where there
    /// is one and its GPU cannot be used, the CPU with a warning
    #[arg(long, default_value = "auto")]
    device: Device,
    /// CPU threads; 0 is one a core. The answer does not depend on it
    #[arg(long, default_value_t = 0)]
    threads: usize,
    #[command(flatten)]
    storage: Storage,
    /// Picks of an earlier run, counted in the budget: the run goes on from there, with the options that run had. A .json
    /// says what its --first and --seed were
    #[arg(long, value_name = "PICKS")]
    resume: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(long, short, conflicts_with = "log")]
    quiet: bool,
    /// Print what the run did, on stderr: counts, phases, picks a second
    #[arg(long)]
    log: bool,
    /// Print everything as one JSON object instead of rows
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
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
        inputs.tell_notices(&terms);
        if let Some(earlier) = earlier.as_ref().filter(|earlier| earlier.picks.centers.is_empty()) {
            say(format_args!("note: {}: holds no picks to go on from", earlier.path.display()));
        }
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
    let record = (arguments.running.json || outputs.need_record()).then(|| {
        let pool = inputs.pool_record(&arguments.pool, !selection.interrupted)?;
        anyhow::Ok(Record::new(pool, inputs.terms_record(&terms)?, &selection, seconds))
    });
    let record = record.transpose()?;
    arguments.write(&outputs, &inputs, &options, &selection, record.as_ref())?;
    arguments.tell(&outputs, &inputs, &options, &selection, seconds);
    arguments.print(&selection, record.as_ref(), &outputs)?;
    if let Some(lost) = lost {
        return Err(lost.into());
    }
    Ok(if selection.interrupted { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
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
    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.terms.files().chain([&self.pool])
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

    fn write(
        &self,
        outputs: &Outputs,
        inputs: &Inputs,
        options: &Options,
        selection: &Selection,
        record: Option<&Record>,
    ) -> Result<()> {
        outputs.write(&Made {
            centers: &selection.centers,
            radii: Some(&selection.radii),
            min_distances: selection.min_distances.as_deref(),
            assignment: selection.assignment.as_deref(),
            json: &|out| write_json(out, record.context("a record, made for .json")?),
            report: &|| {
                let page = |about: &About| report::html(&inputs.pool, selection, about);
                outputs::report(options, &self.pool, &inputs.pool, &[], page)
            },
        })
    }

    /// The words around the answer.
    fn tell(
        &self,
        outputs: &Outputs,
        inputs: &Inputs,
        options: &Options,
        selection: &Selection,
        seconds: f64,
    ) {
        if !self.running.quiet {
            summary::warn(&selection.statistics);
            summary::tell(&inputs.pool, options, selection, seconds);
        }
        if self.running.log {
            summary::log(&inputs.pool, selection, seconds);
        }
        if selection.interrupted {
            tell_how_to_go_on(selection, outputs);
        }
    }

    fn print(
        &self,
        selection: &Selection,
        record: Option<&Record>,
        outputs: &Outputs,
    ) -> Result<()> {
        if self.running.json {
            let record = record.context("a record, made for --json")?;
            return print(|out| write_json(out, record));
        }
        match outputs.picks() {
            Some(_) => Ok(()),
            None => print(|out| write_lines(out, &selection.centers)),
        }
    }
}

/// The picks of an earlier run, to go on from.
struct Earlier<'a> {
    path: &'a Path,
    picks: Picks,
}

impl Earlier<'_> {
    fn read<'p>(path: &'p Path, terms: &Terms) -> Result<Earlier<'p>> {
        Ok(Earlier { path, picks: Picks::read(path, terms.column(List::Picks))? })
    }

    /// `given`, and how the first of these picks was chosen where only the .json says so.
    fn terms(&self, given: &Terms) -> Result<Terms> {
        let Some(record) = &self.picks.record else { return Ok(given.clone()) };
        record.options.complete_first(given).with_context(|| self.path.display().to_string())
    }

    /// The picks, if they are of this pool and these options.
    fn centers(self, inputs: &Inputs, terms: &Terms) -> Result<Vec<usize>> {
        if let Some(record) = &self.picks.record {
            let same = record
                .pool
                .check_same(&inputs.pool)
                .and_then(|()| record.options.check_same(&inputs.terms_record(terms)?));
            same.with_context(|| self.path.display().to_string())?;
        }
        Ok(self.picks.centers)
    }
}

fn tell_how_to_go_on(selection: &Selection, outputs: &Outputs) {
    let picks = selection.centers.len();
    match outputs.picks() {
        Some(path) => say(format_args!(
            "interrupted after {picks} picks: go on with the same options and --resume {}",
            path.display()
        )),
        None => say(format_args!(
            "interrupted after {picks} picks: save the rows in a .txt and go on with the same options and --resume"
        )),
    }
}
