//! The coordinator's side of a selection whose rows other processes hold.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

use super::place::{FloatWork, with_floats};
use super::run::lazy;
use super::tuning::Tuning;
use crate::backend::cpu::kernels::Multiplier;
use crate::backend::cpu::{CpuPicker, distances_before};
use crate::backend::sharded::messages::{Answer, Begin, Begun, Held, Own, Part, Request};
use crate::backend::sharded::transport::Transport;
use crate::backend::sharded::{self, Calls, Sharded, Weights};
use crate::backend::{Backend, Before};
use crate::error::{Error, Result};
use crate::first::uniform;
use crate::greedy::Watch;
use crate::ground::{HostGround, outside};
use crate::known::Known;
use crate::options::{First, Options};
use crate::pool::{Pool, is_set};
use crate::question::{Question, check_few_rows};
use crate::rows::{Gather, Rows};
use crate::selection::Selection;
use crate::threads::on_engine_threads;
use crate::values::{RowBlock, RowScratch};

/// Selects `budget` rows of the pool that the shards of `transport` hold together, in their order; without a budget as many as there are.
/// As [`crate::select_with`], but that the shards keep what [`Options::assign`] asks for.
///
/// # Errors
/// As there; shards whose rows do not go together; and [`Error::Shard`].
pub fn coordinate(
    transport: impl Transport + Send,
    budget: Option<usize>,
    options: &Options,
    watch: Watch,
) -> Result<Selection> {
    on_engine_threads(options.threads, || {
        with_floats(
            Tuning::default().multiplier,
            Coordinating { transport, budget, options, watch },
        )
    })?
}

struct Coordinating<'w, T> {
    transport: T,
    budget: Option<usize>,
    options: &'w Options<'w>,
    watch: Watch<'w>,
}

impl<T: Transport> FloatWork for Coordinating<'_, T> {
    type Answer = Selection;

    fn with<M: Multiplier>(self, multiplier: M) -> Result<Selection> {
        let Coordinating { transport, budget, options, watch } = self;
        let mut calls = Calls::new(transport);
        let (ranges, held) = hello(&mut calls)?;
        let n = ranges.last().map_or(0, |last| last.end);
        let vectors = outside(held.dimensions, options)?;
        check(options, n, held.has_weights)?;
        let labeled = options.labeled.len() + vectors.as_ref().map_or(0, Rows::len);
        let begin = Begin {
            metric: options.metric,
            labeled,
            centers: budget.unwrap_or(n).saturating_add(labeled),
        };
        let begun = begin_all(&mut calls, begin, parts(options, &ranges))?;
        let ground = FarGround::new(&mut calls, &ranges, &held, labeled, &begun, options)?;
        let budget = budget.unwrap_or_else(|| ground.eligible_count().max(1));
        // The shards keep what is asked of every row.
        let asked = Options { assign: false, ..options.clone() };
        let question = Question::new(budget, &asked, &ground)?;
        let held = sharded::Held {
            ranges,
            dimensions: held.dimensions,
            labeled: &options.labeled,
            vectors: vectors.as_ref(),
            has_weights: ground.has_weights,
            weights: Some(&ground.weights),
        };
        let width = Tuning::default().width;
        let picker = Box::new(CpuPicker::new(multiplier, width, options.interrupt));
        let mut backend = Sharded::new(held, calls, picker);
        let before = before(&mut backend, options, vectors.as_ref(), multiplier)?;
        let selection =
            lazy(&question, &ground, &mut backend, n, &before, &Tuning::default(), watch)?;
        settle(&mut backend, options, selection)
    }
}

/// Has the shards settle their rows, if that is asked for, and the run was not interrupted.
fn settle<T: Transport>(
    backend: &mut Sharded<T>,
    options: &Options,
    selection: Selection,
) -> Result<Selection> {
    if !options.assign || selection.interrupted {
        return Ok(selection);
    }
    match backend.settle_and_keep() {
        Ok(()) => Ok(Selection { statistics: backend.statistics(), ..selection }),
        Err(error) => Err(error.after(|| Some(selection))),
    }
}

/// The rows that each shard holds, and what all of them are like.
///
/// # Errors
/// Shards without rows, or whose rows do not go together: both are named.
fn hello<T: Transport>(calls: &mut Calls<T>) -> Result<(Vec<Range<usize>>, Held)> {
    let answers = calls.all(&Request::Hello, vec![Own::Nothing; calls.shards()])?;
    let held = calls.each(answers, Answer::held)?;
    let Some(first) = held.first() else {
        return Err(Error::Options("there is no shard, and so no pool".into()));
    };
    let mut ranges = Vec::new();
    for (shard, other) in held.iter().enumerate() {
        let start = ranges.last().map_or(0, |last: &Range<usize>| last.end);
        ranges.push(start..start + other.rows);
        check_together(calls, first, shard, other)?;
    }
    Ok((ranges, first.clone()))
}

fn check_together<T: Transport>(
    calls: &Calls<T>,
    first: &Held,
    shard: usize,
    other: &Held,
) -> Result<()> {
    let differs = |what: &str, there: String, here: String| {
        let reason = format!("{what} {there}, but {here} at {}", calls.name(0));
        Err(calls.failed(shard, reason, true))
    };
    if other.rows == 0 {
        return Err(calls.failed(shard, "it holds no row: leave it out".into(), true));
    }
    if other.dimensions != first.dimensions {
        let (there, here) = (other.dimensions.to_string(), first.dimensions.to_string());
        return differs("values a row are", there, here);
    }
    if other.dtype != first.dtype {
        let (there, here) = (other.dtype.name().into(), first.dtype.name().into());
        return differs("values are", there, here);
    }
    if other.has_weights != first.has_weights {
        let word = |has: bool| if has { "given" } else { "not given" }.to_string();
        return differs("weights are", word(other.has_weights), word(first.has_weights));
    }
    Ok(())
}

/// Checks rows and weights against a pool of `n` rows.
fn check(options: &Options, n: usize, have_weights: bool) -> Result<()> {
    check_few_rows("labeled", &options.labeled, n)?;
    check_few_rows("excluded", &options.excluded, n)?;
    match &options.weights {
        Some(_) if have_weights => {
            Err(Error::Weights("they are given at the shards and for all rows".into()))
        }
        Some(weights) if weights.len() != n => {
            Err(Error::Weights(format!("{} given for {n} rows", weights.len())))
        }
        _ => Ok(()),
    }
}

/// What of the options is each shard's.
fn parts(options: &Options, ranges: &[Range<usize>]) -> Vec<Part> {
    let mut parts: Vec<Part> = ranges
        .iter()
        .map(|range| Part {
            first: range.start,
            weights: options.weights.as_ref().map(|weights| weights[range.clone()].to_vec()),
            ..Part::default()
        })
        .collect();
    let holder = |row: usize| ranges.partition_point(|range| range.end <= row);
    for &row in &options.labeled {
        let part = &mut parts[holder(row)];
        part.labeled.push(row - part.first);
    }
    for &row in &options.excluded {
        let part = &mut parts[holder(row)];
        part.excluded.push(row - part.first);
    }
    parts
}

fn begin_all<T: Transport>(
    calls: &mut Calls<T>,
    begin: Begin,
    parts: Vec<Part>,
) -> Result<Vec<Begun>> {
    let answers = calls.begin(begin, parts)?;
    calls.each(answers, Answer::begun)
}

/// How far the picks to resume from lay from the centers before them.
fn before<T: Transport, M: Multiplier>(
    backend: &mut Sharded<T>,
    options: &Options,
    vectors: Option<&Rows>,
    multiplier: M,
) -> Result<Before> {
    if options.resume.is_empty() {
        return Ok(Before::default());
    }
    let mut values = backend.values(&options.labeled)?;
    let mut scratch = RowScratch::new();
    for vector in 0..vectors.map_or(0, Rows::len) {
        values.push(vectors.expect("there are some").get(vector, &mut scratch));
    }
    let d = backend.dimensions();
    let labeled = values.len() / d;
    values.append(&backend.values(&options.resume)?);
    let pool = &match &values {
        RowBlock::F32(values) => Pool::new(values, d)?,
        RowBlock::F64(values) => Pool::new(values, d)?,
    };
    // The values are as the metric shows them.
    let of_copies = &Options {
        labeled: (0..labeled).collect(),
        interrupt: options.interrupt,
        ..Options::default()
    };
    let ground = HostGround::of_pool(pool, of_copies)?;
    let picks: Vec<usize> = (labeled..pool.rows()).collect();
    Ok(distances_before(&ground, &picks, multiplier, Tuning::default().width))
}

/// A ground whose rows the shards hold. It knows what the question names of it, and what was picked.
struct FarGround<'p> {
    rows: usize,
    dimensions: usize,
    labeled: &'p [usize],
    labeled_count: usize,
    eligible: usize,
    has_weights: bool,
    /// The row that the question may begin with, by how many may be chosen before it.
    nth: Option<(usize, usize)>,
    heaviest: Option<usize>,
    /// Whether each row that the question names may be chosen.
    named: HashMap<usize, bool>,
    weights: Weights,
    interrupt: Option<&'p AtomicBool>,
}

impl<'p> FarGround<'p> {
    fn new<T: Transport>(
        calls: &mut Calls<T>,
        ranges: &[Range<usize>],
        held: &Held,
        labeled_count: usize,
        begun: &[Begun],
        options: &'p Options,
    ) -> Result<FarGround<'p>> {
        let eligible = begun.iter().map(|begun| begun.eligible).sum();
        let heaviest = begun.iter().filter_map(|begun| begun.heaviest).reduce(Begun::heavier);
        let mut ground = FarGround {
            rows: ranges.last().map_or(0, |last| last.end),
            dimensions: held.dimensions,
            labeled: &options.labeled,
            labeled_count,
            eligible,
            has_weights: held.has_weights || options.weights.is_some(),
            nth: None,
            heaviest: heaviest.map(|(row, _)| row),
            named: HashMap::new(),
            weights: Weights::default(),
            interrupt: options.interrupt,
        };
        if eligible > 0 && labeled_count == 0 {
            ground.nth = first_eligible(calls, begun, eligible, options)?;
        }
        ground.ask_roles(calls, options)?;
        Ok(ground)
    }

    /// Asks what the rows are that the question names.
    fn ask_roles<T: Transport>(&mut self, calls: &mut Calls<T>, options: &Options) -> Result<()> {
        let mut rows = options.resume.clone();
        if let First::Row(row) = options.first {
            rows.push(row);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let own = vec![Own::Nothing; calls.shards()];
        let answers = calls.all(&Request::Roles { rows }, own)?;
        let mut weights = self.weights.lock().expect("nobody else has it yet");
        for role in calls.each(answers, Answer::roles)?.into_iter().flatten() {
            self.named.insert(role.row, role.is_eligible);
            weights.extend(role.weight.map(|weight| (role.row, weight)));
        }
        Ok(())
    }
}

/// The row that the lowest or a drawn first center is, and how many may be chosen before it.
fn first_eligible<T: Transport>(
    calls: &mut Calls<T>,
    begun: &[Begun],
    eligible: usize,
    options: &Options,
) -> Result<Option<(usize, usize)>> {
    let nth = match options.first {
        First::Lowest => 0,
        First::Random => uniform(options.seed, eligible),
        _ => return Ok(None),
    };
    let (mut shard, mut of_shard) = (0, nth);
    while of_shard >= begun[shard].eligible {
        of_shard -= begun[shard].eligible;
        shard += 1;
    }
    let answer = calls.one(shard, &Request::Eligible { nth: of_shard })?;
    Ok(Some((nth, calls.asked(shard, answer.eligible())?)))
}

impl Known for FarGround<'_> {
    fn rows(&self) -> usize {
        self.rows
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn labeled(&self) -> &[usize] {
        self.labeled
    }

    fn labeled_count(&self) -> usize {
        self.labeled_count
    }

    fn eligible_count(&self) -> usize {
        self.eligible
    }

    fn is_eligible(&self, row: usize) -> bool {
        self.named[&row]
    }

    fn eligible(&self, nth: usize) -> usize {
        let (known, row) = self.nth.expect("the question was known when the shards were asked");
        assert_eq!(nth, known, "one row is asked for");
        row
    }

    fn heaviest(&self) -> usize {
        self.heaviest.expect("the budget was checked: a row may be chosen")
    }

    fn has_weights(&self) -> bool {
        self.has_weights
    }

    fn weight(&self, row: usize) -> Option<f32> {
        let weights = self.weights.lock().expect("nothing panics while it is held");
        self.has_weights.then(|| weights[&row])
    }

    fn is_interrupted(&self) -> bool {
        is_set(self.interrupt)
    }

    fn check_reads(&self) -> Result<()> {
        Ok(())
    }
}
