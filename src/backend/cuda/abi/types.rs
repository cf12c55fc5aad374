//! The structs that several kernels share, or that other structs have in them, by the names they have in `kernels/`.

use crate::backend::cuda::driver::Pointer;
use crate::backend::interval::Operand;

/// A row's side of the filter's test.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Test {
    pub alpha: f32,
    pub beta: f32,
    pub threshold: f32,
}

/// The largest norm and error of some centers, as bits.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Peak {
    pub norm: u32,
    pub error: u32,
}

/// A row's candidate for its nearest center.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Reach {
    pub center: u32,
    pub lower: f32,
}

/// A row's claim to be the next center.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Offer {
    pub key: u64,
    pub row: u32,
    pub index: u32,
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

/// What is kept of a row beside its int8 values.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Int8Numbers {
    pub step: f32,
    pub square: u32,
    pub error: f32,
}

/// Every row of the pool as int8 values.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Int8Copy {
    pub values: Pointer<u8>,
    pub numbers: Pointer<Int8Numbers>,
    pub rescale: f64,
    pub depth: u32,
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
    pub settled_rows: u64,
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

/// Rows as they are packed, by slot.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PackedRows {
    pub tests: Pointer<Test>,
    pub operands: Pointer<Operand>,
    pub values: Pointer<u16>,
}

/// Centers as they are packed, by place in the window, and their operands by number.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Window {
    pub values: Pointer<u16>,
    pub operands: Pointer<Operand>,
    pub bases: Pointer<f32>,
    pub peaks: Pointer<Peak>,
}

/// Per frontier row, by slot.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Frontier {
    pub rows: Pointer<u32>,
    pub sources: Pointer<u32>,
    pub seen: Pointer<u32>,
    pub limits: Pointer<u64>,
    pub packed: PackedRows,
    pub candidate_counts: Pointer<u32>,
    pub candidates: Pointer<Reach>,
}
