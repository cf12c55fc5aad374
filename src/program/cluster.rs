//! `select` on a cluster that the caller runs: all but the selection itself is as in one process. The driver reads lists, ids and the
//! headers of the pool's files, and none of their values.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};

use crate::pool::{Id, IdSource, OpenOptions, Outline};
use crate::program::exit::{self, INTERRUPTED, usage};
use crate::program::inputs::Inputs;
use crate::program::listing::Listing;
use crate::program::outputs::{OutputPaths, Outputs};
use crate::program::ray::Ray;
use crate::program::select::{self, Arguments, Earlier, Finished};
use crate::program::target::Target;
use crate::program::terminal::say;
use crate::program::terms::Terms;
use crate::{Device, Options, Pool, Selection};

/// What runs selections on a cluster. Errors are words for people.
pub trait Cluster {
    /// A pool that the cluster alone reads, a table of Lance, as [`Outline::stand_in`] makes it; none of files. `tensor` names its column of
    /// vectors.
    ///
    /// # Errors
    /// The table cannot be read, or several of its columns may be meant.
    fn outline(&self, pool: &Path, tensor: Option<&str>) -> Result<Option<Pool<'static>>, String>;

    /// Select, and keep what there is of a run that ended early.
    ///
    /// # Errors
    /// The cluster does not answer as this program asks.
    fn select(&self, asked: &Asked) -> Result<Answer, String>;
}

/// What is asked of a cluster.
pub struct Asked<'a> {
    /// One name of files or of a table; or several files, in their order.
    pub pools: &'a [PathBuf],
    /// What is meant in the files, and what a shard may hold of them.
    pub open: OpenOptions<'a>,
    /// The column of ids, of a pool that the cluster alone reads.
    pub id_column: Option<String>,
    /// Rows to choose; none to go on to the stop radius.
    pub budget: Option<usize>,
    /// The rest of the question, in rows of the whole pool.
    pub options: &'a Options<'a>,
    /// The file of [`Options::labeled_vectors`].
    pub labeled_vectors: Option<&'a Path>,
    /// The folder of every row's distance.
    pub distances: Option<&'a Path>,
    /// Host and port; none for whichever cluster there is.
    pub address: Option<&'a str>,
    /// Parts of the pool.
    pub shards: Option<usize>,
    /// CPUs for each of them.
    pub cpus_per_shard: Option<f64>,
    /// GPUs for each of them.
    pub gpus_per_shard: Option<f64>,
    /// Seconds for which one may be waited for.
    pub timeout: Option<f64>,
    /// The file of picks so far.
    pub checkpoint: Option<&'a Path>,
    /// Say nothing but errors.
    pub quiet: bool,
}

/// What came of it.
pub struct Answer {
    /// None where nothing was picked.
    pub selection: Option<Selection>,
    /// Of the picks, where [`Asked::id_column`] was asked for.
    pub ids: Option<Vec<Id>>,
    /// How long it took.
    pub seconds: f64,
    /// What ended it early.
    pub ended: Option<Ended>,
}

/// What ended a run early.
pub enum Ended {
    /// A person.
    Interrupted,
    /// A fault, in words.
    Failed(String),
}

/// The words of a command line, with `--ray` among those of `select`: options of a cluster ask for it.
pub fn with_ray(mut words: Vec<OsString>) -> Vec<OsString> {
    let is_ray = |word: &OsString| {
        word.to_str().is_some_and(|word| word == "--ray" || word.starts_with("--ray="))
    };
    if words.get(1).is_some_and(|word| word == "select") && !words.iter().any(is_ray) {
        words.push("--ray".into());
    }
    words
}

/// `select`, of the pool that `pools` are.
pub fn run(arguments: &Arguments, pools: &[PathBuf], cluster: &dyn Cluster) -> Result<exit::Code> {
    let running = &arguments.running;
    check_options(arguments)?;
    arguments.terms.check()?;
    let given = arguments.terms.with_columns(running.resume.as_deref())?;
    let outputs = check_outputs(arguments, pools)?;
    let earlier = running.resume.as_deref().map(|path| Earlier::read(path, &given));
    let earlier = earlier.transpose()?;
    let terms =
        earlier.as_ref().map_or_else(|| Ok(given.clone()), |earlier| earlier.terms(&given))?;
    terms.check_seed()?;
    if terms.meant.skip_bad {
        return usage(
            "--skip-bad is not for a selection on a cluster: write the pool again without such rows",
        );
    }
    let (inputs, id_column) = inputs(pools, &terms, cluster)?;
    outputs.check_replace_none(inputs.files())?;
    if !running.quiet {
        inputs.tell_notices();
        earlier.iter().for_each(Earlier::tell_if_empty);
    }
    let resume = earlier.map_or(Ok(Vec::new()), |earlier| earlier.centers(&inputs, &terms))?;
    inputs.check_first(&terms)?;
    let options = Options { resume, ..inputs.options(&terms) };
    let ray = &arguments.ray;
    let answer = cluster.select(&Asked {
        pools,
        open: running.storage.options(&terms.meant, terms.metric()),
        id_column,
        budget: inputs.told_budget(&terms),
        options: &options,
        labeled_vectors: terms.labeled_vectors.as_deref(),
        distances: arguments.outputs.distances.as_deref(),
        address: ray.address(),
        shards: ray.shards,
        cpus_per_shard: ray.cpus_per_shard,
        gpus_per_shard: ray.gpus_per_shard,
        timeout: ray.timeout,
        checkpoint: ray.checkpoint.as_deref(),
        quiet: running.quiet,
    });
    let answer = answer.map_err(|reason| anyhow!(reason))?;
    if let Some(selection) = &answer.selection {
        let picks = Listing::new(&inputs, &selection.centers)?.with_ids(answer.ids);
        let (options, seconds) = (&options, answer.seconds);
        let run = Finished { terms: &terms, options, selection, seconds };
        arguments.finish(&outputs, &inputs, &run, &picks)?;
    }
    match answer.ended {
        None => Ok(exit::DONE),
        Some(Ended::Failed(reason)) => bail!(reason),
        Some(Ended::Interrupted) => {
            tell_how_to_go_on(ray, answer.selection.as_ref(), &outputs);
            Ok(INTERRUPTED)
        }
    }
}

/// The pool's outline and the files of the terms; the column of ids that the cluster has to read.
fn inputs(
    pools: &[PathBuf],
    terms: &Terms,
    cluster: &dyn Cluster,
) -> Result<(Inputs, Option<String>)> {
    let table = match pools {
        [pool] => cluster.outline(pool, terms.meant.tensor.as_deref()),
        _ => Ok(None),
    };
    let Some(table) = table.map_err(|reason| anyhow!(reason))? else {
        let pool = Outline::pool(pools, &terms.meant.options(terms.metric()))?;
        return Ok((Inputs::without_values(pool, terms)?, None));
    };
    match terms.id_source() {
        Some(IdSource::Column(column)) => {
            let terms = Terms { ids: None, ..terms.clone() };
            Ok((Inputs::without_values(table, &terms)?, Some(column)))
        }
        _ => Ok((Inputs::without_values(table, terms)?, None)),
    }
}

/// Refuse what a cluster does not do.
fn check_options(arguments: &Arguments) -> Result<()> {
    let (running, outputs) = (&arguments.running, &arguments.outputs);
    let refused = [
        ("--device", running.device != Device::Auto, ": --gpus-per-shard gives each part a GPU"),
        ("--threads", running.threads != 0, ": --cpus-per-shard says how many each part has"),
        ("--log", running.log, ""),
        ("--assignment", outputs.assignment.is_some(), ": --distances FOLDER gets both"),
        ("--report", outputs.report.is_some(), ": the page is made of a pool in one place"),
    ];
    if let Some((option, _, instead)) = refused.into_iter().find(|(_, is_given, _)| *is_given) {
        return usage(format!("{option} is not for a selection on a cluster{instead}"));
    }
    if running.resume.is_some() && arguments.ray.checkpoint.is_some() {
        return usage("--resume and --checkpoint each say where to go on from: give one of them");
    }
    Ok(())
}

/// The outputs that this machine writes. No file is replaced that is read.
fn check_outputs(arguments: &Arguments, pools: &[PathBuf]) -> Result<Outputs> {
    let OutputPaths { output, distances, .. } = &arguments.outputs;
    let files = || arguments.files().chain(pools.iter().cloned());
    let paths = OutputPaths { output: output.clone(), ..OutputPaths::default() };
    let outputs = paths.check(files())?;
    if let Some(checkpoint) = &arguments.ray.checkpoint {
        outputs.check_beside(&Target::new(checkpoint)?, files())?;
    }
    distances.as_deref().map_or(Ok(()), check_folder)?;
    Ok(outputs)
}

/// Shards make the folder that they write to, and folders around it.
fn check_folder(folder: &Path) -> Result<()> {
    let whole = std::path::absolute(folder)?;
    match whole.ancestors().find(|folder| folder.exists()) {
        Some(nearest) if nearest.is_dir() => Target::new(&nearest.join("distances.npy")).map(drop),
        _ => bail!("{}: its folder cannot be found", folder.display()),
    }
}

/// What a run that was interrupted left, and how the next one takes it up.
fn tell_how_to_go_on(ray: &Ray, selection: Option<&Selection>, outputs: &Outputs) {
    let picks = selection.map_or(0, |selection| selection.centers.len());
    let kept = ray.checkpoint.as_deref().filter(|checkpoint| checkpoint.exists());
    match (kept, selection) {
        (None, Some(selection)) => select::tell_how_to_go_on(selection, outputs),
        (None, None) => say(format_args!("interrupted before the first pick")),
        (Some(kept), _) => {
            let when = match picks {
                0 => "before the first pick".to_string(),
                picks => format!("after {picks} picks"),
            };
            let kept = kept.display();
            say(format_args!("interrupted {when}: the same command line goes on from {kept}"));
        }
    }
}
