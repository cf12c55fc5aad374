//! The ways in which a selection can be made, and what each takes.

use serde::Serialize;

use super::given::Given;
use super::rehearsal::Rehearsal;
use crate::engine::{are_held, cell_bytes};
use crate::memory::Memory;
use crate::options::Metric;
use crate::pool::{Dtype, Needs, Outline, is_held_at_once, is_room};

/// Rows read a pick to find the exact distances of the rows about to be picked, about.
const SETTLED_A_PICK: f64 = 4.0;
/// Bytes that a disk reads where a row is asked for, at least.
const PAGE: u64 = 4096;
/// Bytes a second of a disk, read in order: of a cheap solid-state disk. Nothing is read to measure it.
const DISK: f64 = 500e6;
/// Reads a second of it, in any order.
const DISK_READS: f64 = 20e3;
/// Bytes of state a row on a GPU, and its workspace, at most.
pub(super) const GPU_STATE: u64 = 29;
pub(super) const GPU_WORKSPACE: u64 = 1 << 30;

/// How a selection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WayName {
    /// The pool in memory, and a copy of it if rounds read one: of int8 values, unless the pool's own are such, or in cells.
    InMemory,
    /// The copy in memory; the pool stays in its files or goes to a scratch file. It is read once in order, then, beside int8 values, a few
    /// rows a pick.
    CopyInMemory,
    /// Neither in memory: rows are read again whenever a round needs them.
    OnDisk,
    /// On a GPU, the pool in its memory.
    Gpu,
    /// On a GPU, the pool in the host's memory.
    GpuStaged,
}

/// What a way takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Way {
    /// Which it is.
    pub name: WayName,
    /// Bytes of memory, at most, those of the pool included; on a GPU, of the device's.
    pub memory_bytes: u64,
    /// Bytes read from disk, about.
    pub read_bytes: u64,
    /// Bytes written to a scratch file.
    pub scratch_bytes: u64,
    /// Seconds, estimated; not of a GPU.
    pub seconds: Option<f64>,
    /// Whether there is the memory, where that is known; of GPUs it is not asked.
    pub fits: Option<bool>,
}

/// What rounds read in the place of a pool's rows.
struct Copies {
    /// Rounds read a copy wherever the pool is.
    are_taken: bool,
    /// It holds all that rounds read.
    is_read_alone: bool,
    /// Bytes of the copy of a pool in memory; floats and whole numbers of one byte may need none.
    beside_pool: u64,
    /// Bytes of the copy of a pool that stays on disk.
    alone: u64,
}

impl Copies {
    fn of(outline: &Outline, metric: Metric, needs: Needs, filter: &str) -> Copies {
        let is_euclidean = metric == Metric::Euclidean;
        let are_taken = matches!(filter, "int8" | "cells");
        if filter == "cells" {
            let is_f64 = outline.dtype == Dtype::F64 && is_euclidean;
            let bytes = (cell_bytes(outline.dimensions, is_f64) * outline.rows) as u64;
            return Copies { are_taken, is_read_alone: true, beside_pool: bytes, alone: bytes };
        }
        let is_own = outline.dtype.is_integer() && is_euclidean;
        let beside_pool = if is_own || !are_taken { 0 } else { needs.copy };
        Copies { are_taken, is_read_alone: false, beside_pool, alone: needs.copy }
    }
}

/// What is planned.
pub(super) struct Planned<'p> {
    pub outline: &'p Outline,
    pub picks: usize,
    pub metric: Metric,
    pub given: &'p Given<'p>,
    pub needs: Needs,
}

/// The ways on the CPU: the first that fits is taken.
pub(super) fn on_cpu(
    planned: &Planned,
    rehearsal: &Rehearsal,
    available: Option<Memory>,
) -> Vec<Way> {
    let &Planned { outline, picks: k, metric, given, needs } = planned;
    let (pool, from_files) = (outline.bytes, outline.in_place_bytes + outline.decoded_bytes);
    let held = pool - from_files;
    let work = rehearsal.estimate(outline.rows, k);
    let beside = needs.least() + given.bytes();
    let copies = Copies::of(outline, metric, needs, &rehearsal.filter);
    // What is in memory already takes none of what is available.
    let in_memory = held + given.held_bytes();
    let fits = |bytes: u64| available.map(|memory| is_room(bytes - in_memory, memory));
    let way = |name, memory, read_bytes, scratch_bytes, seconds| Way {
        name,
        memory_bytes: memory,
        read_bytes,
        scratch_bytes,
        seconds: Some(seconds),
        fits: fits(memory),
    };
    let in_order = |bytes: u64| bytes as f64 / DISK;
    let mut ways = vec![way(
        WayName::InMemory,
        pool + copies.beside_pool + beside,
        from_files,
        0,
        work + in_order(from_files),
    )];
    if from_files > 0 {
        let scratch = outline.decoded_bytes;
        let settled = if copies.is_read_alone { 0.0 } else { SETTLED_A_PICK * k as f64 };
        let (n, centers) = (outline.rows as f64, (k + given.labeled()) as f64);
        let again = rows_read(outline, refreshes(n, centers) * n);
        // Decoded rows are written once, and read from the scratch file like others.
        let decoded = in_order(2 * scratch);
        ways.push(way(
            WayName::CopyInMemory,
            held + copies.alone + beside,
            from_files + scratch + rows_read(outline, settled),
            scratch,
            work + in_order(from_files) + decoded + settled / DISK_READS,
        ));
        ways.push(way(
            WayName::OnDisk,
            held + beside,
            from_files + scratch + again,
            scratch,
            work + in_order(from_files) + decoded + in_order(again),
        ));
    }
    let is_held = is_held_at_once(outline.dtype, outline.in_place_bytes);
    match (copies.are_taken, ways[0].fits) {
        _ if is_held => {}
        // Large floats are read once, for the copy, and stay where they are. So do those that do not fit.
        (true, _) | (false, Some(false)) => ways.swap(0, 1),
        // Few rows are read at all.
        _ if !are_held(k) => ways.rotate_right(1),
        _ => {}
    }
    ways
}

/// How often a row is refreshed, about: in pools of which few rows are picked, half of the rows never are.
fn refreshes(n: f64, k: f64) -> f64 {
    (0.5 + 0.9 * (k / n * 1e4).log10()).clamp(0.5, 4.0)
}

/// The ways on a GPU, which is not asked.
pub(super) fn on_gpu(outline: &Outline) -> [Way; 2] {
    let state = GPU_STATE * outline.rows as u64 + GPU_WORKSPACE;
    [(WayName::Gpu, outline.bytes + state), (WayName::GpuStaged, state)].map(
        |(name, memory_bytes)| {
            let read_bytes = outline.in_place_bytes + outline.decoded_bytes;
            Way { name, memory_bytes, read_bytes, scratch_bytes: 0, seconds: None, fits: None }
        },
    )
}

/// Bytes that a disk reads for so many rows in any order.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive estimate")]
fn rows_read(outline: &Outline, rows: f64) -> u64 {
    let row = (outline.bytes / outline.rows as u64).max(PAGE);
    (rows * row as f64) as u64
}
