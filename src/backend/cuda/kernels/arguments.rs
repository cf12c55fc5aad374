//! What kernels are given and answer: the structs of `kernels/`, of the same names, field for field. The build holds each field to
//! its offset and type there.

use std::marker::PhantomData;

pub use super::tensor_map::TensorMap;
use crate::backend::Neighbour;
use crate::backend::interval::{Interval, Operand};

/// Where `len` values of `T` are on a device: a piece of an [`super::memory::Arena`], or memory that a caller lent for a run.
/// It is an address: whoever makes one keeps the memory as long as kernels may use it.
#[derive(Debug)]
#[repr(transparent)]
pub struct Pointer<T> {
    pub address: u64,
    of: PhantomData<T>,
}

impl<T> Clone for Pointer<T> {
    fn clone(&self) -> Pointer<T> {
        *self
    }
}

impl<T> Copy for Pointer<T> {}

impl<T> Pointer<T> {
    pub const NULL: Pointer<T> = Pointer::new(0);

    pub const fn new(address: u64) -> Pointer<T> {
        Pointer { address, of: PhantomData }
    }
}

/// A row's side of the filter's test.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Test {
    alpha: f32,
    beta: f32,
    threshold: f32,
}

/// The largest norm and error of some centers, as bits.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Peak {
    norm: u32,
    error: u32,
}

/// A row's candidate for its nearest center.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Reach {
    center: u32,
    lower: f32,
}

/// A row's claim to be the next center.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Offer {
    key: u64,
    row: u32,
    index: u32,
}

/// Rows lying one after another, and their norms under cosine.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Rows {
    pub values: Pointer<u8>,
    pub norms: Pointer<f64>,
}

/// Per row of the pool.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct State {
    pub bounds: Pointer<f64>,
    pub nearest: Pointer<u32>,
    pub seen: Pointer<u32>,
    pub weights: Pointer<f32>,
}

/// Counts of a round.
#[derive(Debug, Clone, Copy, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Counts {
    pub evaluations: u64,
    pub tile_evaluations: u64,
    pub refresh_canonical: u64,
    pub refreshed_rows: u64,
    pub pick_evaluations: u64,
    pub pick_canonical: u64,
}

/// What a round found.
#[derive(Debug, Clone, Copy, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Round {
    pub count: u32,
    pub live: u32,
    pub picks: u32,
    pub applied: u32,
    pub has_outside: u32,
    pub outside_row: u32,
    pub has_next: u32,
    pub next_row: u32,
    pub ceiling: u64,
    pub outside_key: u64,
    pub next_key: u64,
    pub edge_key: u64,
    pub counts: Counts,
    pub centers: u32,
    pub unused: u32,
}

/// Per frontier row, by slot.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Frontier {
    pub rows: Pointer<u32>,
    pub sources: Pointer<u32>,
    pub seen: Pointer<u32>,
    pub limits: Pointer<u64>,
    pub tests: Pointer<Test>,
    pub operands: Pointer<Operand>,
    pub packed: Pointer<u16>,
    pub candidate_counts: Pointer<u32>,
    pub candidates: Pointer<Reach>,
}

/// What the blocks that select a frontier tell each other.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Select {
    ceiling: u64,
    arrived: u32,
    finished: u32,
    entries: u32,
    edge: u32,
}

/// The rows that belong to the frontier for certain, and those at its edge.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct List {
    pub codes: Pointer<u64>,
    pub slots: Pointer<u32>,
    pub edge_keys: Pointer<u64>,
    pub edge_rows: Pointer<u32>,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct FrontierArguments {
    pub state: State,
    pub frontier: Frontier,
    pub list: List,
    pub select: Pointer<Select>,
    pub round: Pointer<Round>,
    pub histograms: Pointer<u32>,
    pub first: u64,
    pub end: u64,
    pub size: u32,
    pub settling: u32,
    pub staged: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct SettleArguments {
    pub state: State,
    pub roles: Pointer<u8>,
    pub n: u64,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PrepareArguments {
    pub rows: Rows,
    pub state: State,
    pub roles: Pointer<u8>,
    pub centers: Pointer<f32>,
    pub mean: Pointer<f32>,
    pub norms: Pointer<f64>,
    pub farthest: Pointer<u64>,
    pub not_finite: Pointer<u32>,
    pub without_direction: Pointer<u32>,
    pub first: u64,
    pub count: u64,
    pub d: u32,
    pub step: u32,
    pub first_center: u32,
    pub end_center: u32,
}

impl PrepareArguments {
    /// Nothing given.
    pub const NONE: PrepareArguments = PrepareArguments {
        rows: Rows { values: Pointer::NULL, norms: Pointer::NULL },
        state: State {
            bounds: Pointer::NULL,
            nearest: Pointer::NULL,
            seen: Pointer::NULL,
            weights: Pointer::NULL,
        },
        roles: Pointer::NULL,
        centers: Pointer::NULL,
        mean: Pointer::NULL,
        norms: Pointer::NULL,
        farthest: Pointer::NULL,
        not_finite: Pointer::NULL,
        without_direction: Pointer::NULL,
        first: 0,
        count: 0,
        d: 0,
        step: 1,
        first_center: 0,
        end_center: 0,
    };
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct MeanArguments {
    pub rows: Rows,
    pub roles: Pointer<u8>,
    pub sums: Pointer<f64>,
    pub mean: Pointer<f64>,
    pub least: Pointer<u64>,
    pub nearest: Pointer<u32>,
    pub n: u64,
    pub first_block: u64,
    pub count: f64,
    pub blocks: u32,
    pub d: u32,
}

/// How rows are packed.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Packing {
    pub interval: Interval,
    pub mean: Pointer<f32>,
    pub pre: f32,
    pub post: f32,
    pub post_again: f32,
    pub d: u32,
    pub depth: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PackArguments {
    pub packing: Packing,
    pub rows: Rows,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub centers: Pointer<f32>,
    pub operands: Pointer<Operand>,
    pub bases: Pointer<f32>,
    pub peaks: Pointer<Peak>,
    pub window: Pointer<u16>,
    pub sources: Pointer<u32>,
    pub pool_rows: Pointer<u32>,
    pub count: u32,
    pub first: u32,
    pub window_first: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct RefreshArguments {
    pub interval: Interval,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub window: Pointer<u16>,
    pub operands: Pointer<Operand>,
    pub bases: Pointer<f32>,
    pub peaks: Pointer<Peak>,
    pub window_first: u32,
    pub end: u32,
    pub depth: u32,
}

/// The same, and both operands as they are copied by the box.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct RefreshBoxes {
    pub refresh: RefreshArguments,
    pub packed: TensorMap,
    pub window: TensorMap,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct RefineArguments {
    pub rows: Rows,
    pub state: State,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub centers: Pointer<f32>,
    pub end: u32,
    pub d: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PickArguments {
    pub interval: Interval,
    pub rows: Rows,
    pub state: State,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub live_slots: Pointer<u32>,
    pub products: Pointer<f32>,
    pub pick_rows: Pointer<u32>,
    pub pick_slots: Pointer<u32>,
    pub pick_keys: Pointer<u64>,
    pub stop: f64,
    pub limit: u32,
    pub applied: u32,
    pub capacity: u32,
    pub d: u32,
    pub depth: u32,
}

/// Of more live rows than can be picked at once, the best.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PanelArguments {
    pub state: State,
    pub frontier: Frontier,
    pub round: Pointer<Round>,
    pub keys: Pointer<u64>,
    pub slots: Pointer<u32>,
    pub live_slots: Pointer<u32>,
    pub capacity: u32,
}

/// A pair that the interval lets pass.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Passed {
    place: u32,
    slot: u32,
}

/// How many pairs passed, and how many were found to be within reach.
#[derive(Debug, Clone, Copy, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct JoinCounts {
    pub passed: u32,
    pub found: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct JoinArguments {
    pub refresh: RefreshArguments,
    pub rows: Rows,
    pub wanted: Pointer<u32>,
    pub passed: Pointer<Passed>,
    pub found: Pointer<Neighbour>,
    pub counts: Pointer<JoinCounts>,
    pub reach: f64,
    pub first_place: u32,
    pub first_wanted: u32,
    pub capacity: u32,
    pub d: u32,
}

/// What a pool's run in a batch came to.
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct PoolResult {
    pub picks: u32,
    pub has_next: u32,
    pub next_row: u32,
    pub not_finite: u32,
    pub without_direction: u32,
    pub unused: u32,
    pub canonical: u64,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct BatchArguments {
    pub values: Pointer<u8>,
    pub state: State,
    pub roles: Pointer<u8>,
    pub norms: Pointer<f64>,
    pub given_rows: Pointer<u32>,
    pub centers: Pointer<f32>,
    pub offsets: Pointer<u64>,
    pub budgets: Pointer<u32>,
    pub firsts: Pointer<u32>,
    pub starts: Pointer<u64>,
    pub picks: Pointer<u32>,
    pub curve: Pointer<f64>,
    pub results: Pointer<PoolResult>,
    pub offers: Pointer<Offer>,
    pub barriers: Pointer<u32>,
    pub stop: f64,
    pub relative: f32,
    pub absolute: f32,
    pub given: u32,
    pub d: u32,
    pub group: u32,
    pub slots: u32,
    pub is_cached: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ProbeArguments {
    /// In pieces of 16 bytes, as the target.
    pub source: Pointer<u8>,
    pub target: Pointer<u8>,
    pub pieces: u64,
    pub offers: Pointer<Offer>,
    pub barrier: Pointer<u32>,
    pub result: Pointer<u64>,
    pub never: f32,
    pub repeats: u32,
}

/// One tile of products, for the probes.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ProductsArguments {
    pub row_boxes: TensorMap,
    pub column_boxes: TensorMap,
    pub rows: Pointer<u16>,
    pub columns: Pointer<u16>,
    pub products: Pointer<f32>,
    pub depth: u32,
    pub repeats: u32,
}

/// `layouts.rs`: of every field of every struct that host and kernels share its offset and its type, as they stand in `kernels/`.
mod held {
    use super::*;

    include!(concat!(env!("OUT_DIR"), "/layouts.rs"));
}
