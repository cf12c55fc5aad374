//! The test bed notices what it is there to notice: each bug planted in a kernel, the bed's own or the engine's, is seen by a check
//! that passes without it.
#![cfg(all(target_os = "linux", feature = "cuda", feature = "lab"))]

use std::ffi::OsStr;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use farpoint::cuda::{Batch, BatchOptions, DevicePool, Stream};
use farpoint::synth::{self, Shape};
use farpoint::{Dtype, First, Metric, Options, Pool, Selection, Statistics};
use rayon::prelude::*;

#[path = "../common/mod.rs"]
mod common;

use common::filter::{self, Filter, select_tuned, within};
use common::{bed, pools, reference};

/// A race shows in some orders of the threads only; every check runs in the first order and in these adversarial ones.
const SEEDS: std::ops::Range<u64> = 0..8;

/// Replaces every occurrence of `text` in the kernel source `file`; there must be `times`.
struct Bug {
    file: &'static str,
    text: &'static str,
    times: usize,
    becomes: &'static str,
    check: Check,
    notice: Notice,
}

/// What is run over the bed with the bug.
#[derive(Clone, Copy)]
enum Check {
    /// A check of tests/bed/selftest/main.cpp.
    Selftest(&'static str),
    /// An ignored test of this file.
    Test(&'static str),
}

/// How the bug shows.
#[derive(Clone, Copy, PartialEq)]
enum Notice {
    /// The result is wrong, under some seed, or so wrong that a kernel follows it out of all memory.
    Wrong,
    /// The bed itself reports it, with these words.
    Reported(&'static str),
    /// The address sanitizer reports it.
    Sanitized,
}

use Check::Selftest;
use Notice::{Reported, Sanitized, Wrong};

const fn bug(
    file: &'static str,
    text: &'static str,
    times: usize,
    becomes: &'static str,
    check: Check,
    notice: Notice,
) -> Bug {
    Bug { file, text, times, becomes, check, notice }
}

#[rustfmt::skip]
const BUGS: &[Bug] = &[
    bug("barriers.cu", "__syncthreads();  // written before read", 1, "", Selftest("reverse"), Wrong),
    bug("barriers.cu", "__syncthreads();  // read before written again", 1, "", Selftest("reverse"), Wrong),
    bug("barriers.cu", "__syncthreads();  // written before read", 1, "if (i < 128) __syncthreads();", Selftest("reverse"), Reported("divergent barrier")),
    bug("barriers.cu", "const u32 i = threadIdx.x;", 1, "const u32 i = threadIdx.x; if (i == 7) return;", Selftest("reverse"), Reported("returned")),
    bug("barriers.cu", "    tile[i] = value;", 1, "    tile[i + 1] = value;", Selftest("reverse"), Sanitized),
    bug("barriers.cu", "step = WARP / 2", 1, "step = WARP / 4", Selftest("sum"), Wrong),
    bug("barriers.cu", "sum += __shfl_xor_sync(FULL_WARP, sum, step)", 1, "if (lane) sum += __shfl_xor_sync(FULL_WARP, sum, step)", Selftest("sum"), Reported("deadlock")),
    bug("barriers.cu", "u32(__syncthreads_count(below))", 1, "u32(below)", Selftest("votes"), Wrong),
    bug("copies.cu", "cp_async_wait<1>();", 1, "cp_async_wait<2>();", Selftest("stream"), Wrong),
    bug("copies.cu", "    __syncthreads();\n    for", 1, "    for", Selftest("stream"), Wrong),
    bug("copies.cu", "    __syncthreads();\n  }", 1, "  }", Selftest("stream"), Wrong),
    bug("groups.cu", "group_barrier(a.counters, target += gridDim.x)", 2, "__syncthreads()", Selftest("ring"), Wrong),
    bug("groups.cu", "group_barrier(a.counters, target += gridDim.x)", 2, "group_barrier(a.counters, target += gridDim.x + 1)", Selftest("ring"), Reported("deadlock")),
    bug("groups.cu", "atomicAdd(&a.counters[0], 1u)", 1, "a.counters[0] = a.counters[0] + blockIdx.x", Selftest("atomics"), Wrong),
    bug("groups.cu", "  if (i < a.n / 4) reinterpret_cast", 1, "  reinterpret_cast<float4*>(a.out)[i + 1] = rows[i]; if (i < a.n / 4) reinterpret_cast", Selftest("copy"), Sanitized),
    bug("tensor.cu", "cp_async_wait<1>();", 1, "cp_async_wait<2>();", PRODUCTS, Wrong),
    bug("tensor.cu", "__syncthreads();  // the slice is there", 1, "", PRODUCTS, Wrong),
    bug("tensor.cu", "__syncthreads();  // the slice has been read", 1, "", PRODUCTS, Wrong),
    bug("tensor.cu", "[16 * warp + lane % 16][step + lane / 16 * 8]", 1, "[16 * warp + lane / 16 * 8 + lane % 8][step + lane / 8 % 2 * 8]", PRODUCTS, Wrong),
    bug("tensor.cu", "lane / 16 * 8 + lane % 8][step + lane / 8 % 2 * 8]", 1, "lane % 16][step + lane / 16 * 8]", PRODUCTS, Wrong),
    bug("tensor.cu", "lane / 4 + 8 * (i / 2)) * 32 + 8 * j + lane % 4 * 2 + i % 2", 1, "lane / 4 + 8 * (i % 2)) * 32 + 8 * j + lane % 4 * 2 + i / 2", PRODUCTS, Wrong),
    bug("tensor.cu", "[step + lane / 16 * 8]", 1, "[step + lane / 16 * 4]", PRODUCTS, Reported("load_matrices: lane")),
    bug("tensor.cu", "multiply_16x8x16(sums[j]", 1, "if (lane < 16) multiply_16x8x16(sums[j]", PRODUCTS, Reported("lanes of one mask meet")),
    bug("tensor.cu", "rows[8 * (g + 8) + t], rows[8 * g + t + 4]", 1, "rows[8 * g + t + 4], rows[8 * (g + 8) + t]", Selftest("multiply"), Wrong),
    bug("tensor_90a.cu", "barrier_wait(&s.full[stage], turn / STAGES % 2);", 1, "", PIPELINE, Wrong),
    bug("tensor_90a.cu", "barrier_wait(&s.full[stage], turn / STAGES % 2);", 1, "barrier_wait(&s.full[stage], 1 - turn / STAGES % 2);", PIPELINE, Reported("more than 1 arrivals in one phase")),
    bug("tensor_90a.cu", "(turn / STAGES - 1) % 2", 1, "turn / STAGES % 2", PIPELINE, Reported("more than 1 arrivals in one phase")),
    bug("tensor_90a.cu", "turn >= STAGES", 1, "turn > STAGES", PIPELINE, Reported("more than 1 arrivals in one phase")),
    bug("tensor_90a.cu", "wgmma_wait<0>(sums);\n        release(s, turn);", 1, "release(s, turn);\n        wgmma_wait<0>(sums);", PIPELINE, Wrong),
    bug("tensor_90a.cu", "RELEASING = WARP", 1, "RELEASING = 128", PIPELINE, Reported("deadlock")),
    bug("tensor_90a.cu", "rows + 2 * step", 1, "rows + 4 * step", PIPELINE, Wrong),
    bug("tensor_90a.cu", "columns + 2 * step", 1, "columns + step", PIPELINE, Wrong),
    bug("tensor_90a.cu", "128 / RELEASING)", 1, "128 / RELEASING + 1)", PIPELINE, Reported("1 of 9 arrivals and 0 bytes are missing")),
    bug("tensor_90a.cu", "128 / RELEASING)", 1, "128 / RELEASING - 1)", PIPELINE, Reported("deadlock")),
    bug("tensor_90a.cu", "&s.full[stage], 1)", 1, "&s.full[stage], 2)", PIPELINE, Reported("1 of 2 arrivals and 0 bytes are missing")),
    bug("tensor_90a.cu", "(ROWS + COLUMNS) * SLICE * 2", 1, "ROWS * SLICE * 2", PIPELINE, Reported("-65536 bytes are missing")),
    bug("tensor_90a.cu", "(ROWS + COLUMNS) * SLICE * 2", 1, "(ROWS + COLUMNS) * SLICE * 4", PIPELINE, Reported("0 of 1 arrivals and 49152 bytes are missing")),
    bug("tensor_90a.cu", "wgmma_wait<0>(sums);\n", 1, "", PIPELINE, Reported("returned without wgmma_wait")),
    bug("tensor_90a.cu", "wgmma_wait<0>(sums);\n", 1, "wgmma_wait<1>();", PIPELINE, Reported("returned without wgmma_wait")),
    bug("tensor_90a.cu", "wgmma_wait<0>(sums);\n", 1, "wgmma_wait<1>(sums);", PIPELINE, Reported("still add to the sums")),
    bug("tensor_90a.cu", "wgmma_wait<0>(sums);  // the last of the tile", 1, "", OVERLAP, Reported("returned without wgmma_wait")),
    bug("tensor_90a.cu", "wgmma_wait<1>();", 1, "", OVERLAP, Wrong),
    bug("tensor_90a.cu", "wgmma_commit();", 1, "", PIPELINE, Reported("still add to the sums")),
    bug("tensor_90a.cu", "wgmma_begin();", 1, "", PIPELINE, Reported("no wgmma_begin")),
    bug("tensor_90a.cu", "barrier_init_visible();", 1, "", PIPELINE, Reported("has not been made visible")),
    bug("tensor_90a.cu", "__syncthreads();  // the barriers are there", 1, "", PIPELINE, Reported("not initialized")),
    bug("tensor_90a.cu", "first + 8 * (i / 2), column = tile + 8 * j + 2 * (lane % 4) + i % 2", 1, "first + 8 * (i % 2), column = tile + 8 * j + 2 * (lane % 4) + i / 2", PIPELINE, Wrong),
    bug("tensor_90a.cu", "slice || step", 1, "true", PIPELINE, Wrong),
    bug("tensor_90a.cu", "slice || step", 1, "slice || step || lane", PIPELINE, Reported("disagree")),
    bug("tensor_90a.cu", "64 * group * SLICE)", 1, "64 * (group && warp < 3) * SLICE)", PIPELINE, Reported("gave different products")),
    bug("tensor_90a.cu", "slice * SLICE, tile)", 1, "tile, slice * SLICE)", PIPELINE, Wrong),
    bug("tensor_90a.cu", "&s.full[stage], slice * SLICE, tile", 1, "&s.full[0], slice * SLICE, tile", PIPELINE, Reported("deadlock")),
    bug("tensor_90a.cu", "slice < slices; slice++, turn++) {\n      const u32 stage = turn % STAGES;\n      if", 1, "slice < slices + (tile + COLUMNS >= a.m); slice++, turn++) {\n      const u32 stage = turn % STAGES;\n      if", PIPELINE, Reported("copy_box to its shared memory under way")),
    bug("tensor_90a.cu", "STAGES = 4", 1, "STAGES = 5", PIPELINE, Reported("no aligned place in shared memory")),
    bug("tensor_90a.cu", "u16 columns[STAGES]", 1, "u16 gap[64]; u16 columns[STAGES]", PIPELINE, Reported("not aligned to 1024")),
    bug("tensor_90a.cu", "registers_take<232>", 1, "registers_take<240>", PIPELINE, Reported("registers_take at")),
];

/// The engine's planted bugs. Some barriers are missing here: no test noticed when they were taken out. The
/// `__syncwarp` of refine.cu separates a lane's accesses to values that no other lane changes, so nothing goes wrong
/// without it. In frontier.cu the barrier after `narrow` has written the threshold matters only if warps of a block are
/// just one barrier apart, and rows that the first pass leaves below its base are found again. The barrier before a
/// block says that it is done, and the second set of the batch's offers, matter only if a block runs far ahead of
/// another; the bed rarely lets that happen.
#[rustfmt::skip]
const ENGINE_BUGS: &[Bug] = &[
    bug("tile.cuh", "        __syncthreads(); // every thread's part of this slice has arrived, and nobody reads the slice before any more\n", 1, "", PORTABLE, Wrong),
    bug("tile.cuh", "    __syncthreads(); // nobody reads the last slices any more\n", 1, "", PORTABLE, Wrong),
    bug("tile.cuh", "cp_async_wait<STAGES - 2>()", 1, "cp_async_wait<STAGES - 1>()", PORTABLE, Wrong),
    bug("tile.cuh", "row.copy(rows[slice % STAGES]", 1, "row.copy(rows[(slice + 1) % STAGES]", PORTABLE, Wrong),
    bug("tile.cuh", "products[i][j][e] = 0.0f", 1, "products[i][j][e] = -1e6f", PORTABLE, Wrong),
    bug("tile.cuh", "+ matrix / 2 * 8, piece + matrix % 2", 1, "+ matrix % 2 * 8, piece + matrix / 2", PORTABLE, Wrong),
    bug("tile.cuh", "warp / WARPS_DOWN * WARP_COLUMNS < columns", 1, "(warp / WARPS_DOWN + 1) * WARP_COLUMNS < columns", PORTABLE, Wrong),
    bug("tile_90a.cuh", "barrier_wait(&ring->full[turn.stage()], turn.round() % 2);", 1, "", ENGINE, Wrong),
    bug("tile_90a.cuh", "(turn.round() - 1) % 2", 1, "turn.round() % 2", ENGINE, Reported("more than 1 arrivals in one phase")),
    bug("tile_90a.cuh", "if (threadIdx.x % WARP == 0) barrier_arrive", 1, "if (threadIdx.x % GROUP == 0) barrier_arrive", ENGINE, Reported("deadlock")),
    bug("tile_90a.cuh", "rows + k * sizeof(F16) / 16", 1, "rows + k * sizeof(F16) / 8", ENGINE, Wrong),
    bug("tile_90a.cuh", "!is_first || k > 0", 1, "true", ENGINE, Wrong),
    bug("tile_90a.cuh", "stage.rows + group * GROUP_ROWS * BOX_DEPTH", 1, "stage.rows", ENGINE, Wrong),
    bug("tile_90a.cuh", "barrier_arrive_expecting(full, sizeof(Stage))", 1, "barrier_arrive_expecting(full, sizeof(Stage) / 2)", ENGINE, Reported("")),
    bug("refresh_90a.cu", "larger(peaks[0], peaks[1])", 1, "Peak{0, 0}", ENGINE, Wrong),
    bug("search.cuh", "entry < MOST_CANDIDATES", 1, "entry < 1", ENGINE, Wrong),
    bug("search.cuh", "lower_limit(a, s, peak, reach.upper", 1, "lower_limit(a, s, peak, 0.999 * reach.lower", ENGINE, Wrong),
    bug("search.cuh", "__fmaf_ru(fabsf(threshold), TAG_ERROR, threshold)", 1, "__fmaf_rn(fabsf(threshold), -0.01f, threshold)", ENGINE, Wrong),
    bug("search.cuh", "is_second ? pair.y : pair.x", 1, "pair.x", ENGINE, Wrong),
    bug("search.cuh", "value_at(half, number / 2)", 1, "value_at(half, number)", ENGINE, Wrong),
    bug("search.cuh", "threshold)) word |= 2u << 2 * j % 32", 1, "threshold)) word |= 1u << 2 * j % 32", ENGINE, Wrong),
    bug("pack.cu", "raise(&window.peaks[place / PEAK_CENTERS], terms);", 1, "", ENGINE, Wrong),
    bug("pack.cu", "if (first + i * WARP >= p.depth) break;", 1, "if (first + i * WARP >= p.d) break;", ENGINE, Wrong),
    bug("pack.cu", "u32 first = a.round->centers", 1, "u32 first = 0", ENGINE, Wrong),
    bug("frontier.cu", "a.round->centers + a.round->picks", 1, "a.round->centers", ENGINE, Wrong),
    bug("pick.cu", "a.products[u64(y) * a.capacity + x] = ", 1, "(void)", ENGINE, Wrong),
    bug("offer.cuh", "offers[turn % 2]", 1, "offers[0]", ENGINE, Reported("pick_greedy_f32: ")),
    bug("offer.cuh", "    __syncthreads();\n    return ", 1, "    return ", ENGINE, Wrong),
    bug("offer.cuh", "~offer.row", 1, "offer.row", ENGINE, Wrong),
    bug("offer.cuh", "leads && value == largest", 1, "value == largest", ENGINE, Wrong),
    bug("greedy.cu", "precedes({key, row}, outside_of(*a.round));", 1, "true;", ENGINE, Wrong),
    bug("greedy.cu", "ties &= ties - 1) best", 1, "ties = 0) best", ENGINE, Wrong),
    bug("greedy.cu", "best.index & OPEN && !is_zero", 1, "false", ENGINE, Wrong),
    bug("greedy.cu", "has(changed, number_of(mine.best.index))", 1, "false", ENGINE, Wrong),
    bug("greedy.cu", "remove(own, number_of(best.index));", 1, "own.live &= ~(1u << number_of(best.index));", ENGINE, Wrong),
    bug("greedy.cu", "has(own.live, i) ? __ldg(from + i * GREEDY_THREADS)", 1, "has(own.live, i) ? __ldg(from + i)", ENGINE, Wrong),
    bug("greedy.cu", "is_open ? live.entries[index].since : applied", 1, "applied", ENGINE, Wrong),
    bug("greedy.cu", "if (is_open && upper < a.state.bounds[row])", 1, "if (false)", LAZINESS, Wrong),
    bug("greedy.cu", "if (upper < live.bounds[index])", 1, "if (false)", LAZINESS, Wrong),
    bug("greedy.cu", "if (!has(own.open, number)) live", 1, "live", ENGINE, Wrong),
    bug("greedy.cu", "since = u16(applied)", 1, "since = u16(applied + 1)", ENGINE, Wrong),
    bug("greedy.cu", "first = live.entries[index].since;", 1, "first = live.entries[index].since + 1;", ENGINE, Wrong),
    bug("greedy.cu", "nearest.center = first + at", 1, "nearest.center = at", ENGINE, Wrong),
    bug("greedy.cu", "a.applied + nearest.center", 1, "nearest.center", ENGINE, Wrong),
    bug("greedy.cu", "if (distance < nearest.bound)", 1, "if (distance <= nearest.bound)", ENGINE, Wrong),
    bug("greedy.cu", "own.open &= ~(1u << number);\n        set_bound", 1, "set_bound", ENGINE, Wrong),
    bug("pick.cu", "if (column <= row)", 1, "if (column < row)", ENGINE, Wrong),
    bug("greedy.cu", "next_down(bound) : 0.0", 1, "0.9 * bound : 0.0", ENGINE, Wrong),
    bug("frontier.cu", "    __syncthreads(); // the counts are clear\n", 1, "", NARROWING, Wrong),
    bug("frontier.cu", "    __syncthreads(); // all is counted\n", 1, "", FRONTIER, Wrong),
    bug("frontier.cu", "    __syncthreads(); // every warp's sum is there\n", 1, "", NARROWING, Wrong),
    bug("frontier.cu", "    __syncthreads(); // the edge is there\n", 1, "", FRONTIER, Wrong),
    bug("frontier.cu", "    __syncthreads(); // the cut is made\n", 1, "", FRONTIER, Wrong),
    bug("frontier.cu", "    __syncthreads(); // the chunk is there, and the one before was searched\n", 1, "", FRONTIER, Wrong),
    bug("frontier.cu", "    __syncthreads(); // it is sorted\n", 1, "", FRONTIER, Wrong),
    bug("frontier.cu", "        group_barrier(&a.select->arrived, target += gridDim.x);\n        narrow", 1, "        __syncthreads();\n        narrow", FRONTIER, Wrong),
    bug("frontier.cu", "    group_barrier(&a.select->arrived, target += gridDim.x);\n    cut_edge", 1, "    __syncthreads();\n    cut_edge", FRONTIER, Wrong),
    bug("frontier.cu", "    group_barrier(&a.select->arrived, target += gridDim.x);\n    place_list", 1, "    __syncthreads();\n    place_list", FRONTIER, Wrong),
    bug("frontier.cu", "    __syncthreads(); // all of them are\n", 1, "", FRONTIER, Wrong),
    bug("frontier.cu", "    __syncthreads(); // their place is known\n", 1, "", FRONTIER, Wrong),
    bug("frontier.cu", "s.listed[place] = code;", 1, "s.listed[place % 64] = code;", FRONTIER, Wrong),
    bug("frontier.cu", "atomicAdd(&a.select->entries, 1u)] = code", 1, "place] = code", ENGINE, Wrong),
    bug("frontier.cu", "narrow(s, histogram, a.size + 1, ceiling)", 1, "narrow(s, histogram, a.size, ceiling)", FRONTIER, Wrong),
    bug("frontier.cu", "~row >> ", 1, "row >> ", FRONTIER, Wrong),
    bug("frontier.cu", "rank == wanted", 1, "rank == wanted + 1", FRONTIER, Wrong),
    bug("frontier.cu", "bits(INFINITY) : a.select->ceiling", 1, "bits(INFINITY) : 0", ENGINE, Wrong),
    bug("frontier.cu", "is_lowest(t, value) && count > EDGE", 1, "false", FALLING, Wrong),
    bug("frontier.cu", "u64(pending_from(state, row)) << 32", 1, "u64(~pending_from(state, row)) << 32", ENGINE, Wrong),
    bug("frontier.cu", "s.chunk[other] < own", 1, "s.chunk[other] <= own", FRONTIER, Wrong),
    bug("frontier.cu", "step = CHUNK; step", 1, "step = CHUNK / 2; step", FRONTIER, Wrong),
    bug("frontier.cu", "        a.list.slots[entry] = 0;\n", 1, "", FRONTIER, Wrong),
    bug("frontier.cu", "a.histograms[i] = 0", 1, "(void)0", FRONTIER, Wrong),
    bug("frontier.cu", "*a.select = Select{}", 1, "(void)0", FRONTIER, Wrong),
    bug("panel.cu", "        __syncthreads(); // the others are there\n", 1, "", PANEL, Wrong),
    bug("panel.cu", "        __syncthreads(); // they are read until here\n", 1, "", PANEL, Wrong),
    bug("panel.cu", "a.round->outside_key = own.key", 1, "(void)0", PANEL, Wrong),
    bug("panel.cu", "precedes(others[i], own)", 1, "precedes(own, others[i])", PANEL, Wrong),
    bug("order.cuh", "a.row < b.row", 1, "a.row > b.row", ENGINE, Wrong),
    bug("interval.cuh", "double err = ", 1, "double err = -", ENGINE, Wrong),
    bug("refine.cu", "center > nearest.center", 1, "center < nearest.center", ENGINE, Wrong),
    bug("refine.cu", "count > MOST_CANDIDATES", 1, "count > 2 * MOST_CANDIDATES", ENGINE, Wrong),
    bug("settle.cu", "!= EXCLUDED) continue", 1, "!= ELIGIBLE) continue", ENGINE, Wrong),
    bug("greedy.cu", "a.pick_keys[picks] = ", 1, "a.pick_keys[picks + 2 * a.capacity] = ", ENGINE, Sanitized),
    bug("distance.cuh", "u32 width = 16", 1, "u32 width = 8", ENGINE, Wrong),
    bug("join.cu", "reach.lower > a.reach", 1, "reach.upper > a.reach", JOIN, Wrong),
    bug("join.cu", "distance > a.reach", 1, "distance >= a.reach", JOIN, Wrong),
    bug("join.cu", "entry < a.capacity", 1, "entry < a.capacity / 2", JOIN, Wrong),
    bug("join.cu", "part.slot + 8 * h, peak", 1, "part.slot, peak", JOIN, Wrong),
    bug("join.cu", "a.first_wanted + pair.place", 1, "pair.place", JOIN, Wrong),
    bug("join.cu", "a.first_place + tile / row_tiles", 1, "tile / row_tiles", JOIN, Wrong),
    bug("batch.cu", "__syncthreads(); // all of it is there", 1, "", BATCH, Wrong),
    bug("batch.cu", "__syncthreads(); // nobody needs it any more", 1, "", BATCH, Wrong),
    bug("batch.cu", "__syncthreads(); // the center is there, its row is gone, and the offers have been read", 1, "", BATCH, Wrong),
    bug("batch.cu", "    __syncthreads();\n    best = best_of_warp", 1, "    best = best_of_warp", BATCH, Wrong),
    bug("batch.cu", "meet(a, s, turn + 2);", 1, "__syncthreads();", BATCH, Wrong),
    bug("batch.cu", "meet(a, s, 1);", 1, "__syncthreads(); if (a.group > 1 && threadIdx.x == 0) arrive(&a.barriers[s.pool]);", BATCH, Wrong),
    bug("batch.cu", "s.keys[slot] = 0;", 1, "", BATCH, Wrong),
    bug("batch.cu", "<= a.stop", 1, "< a.stop", BATCH, Wrong),
    bug("search.cuh", "u64(s.slot) * MOST_CANDIDATES + entry", 1, "u64(s.slot) * (64 << 10) + entry", REGIONS, Reported("of `candidates`")),
    bug("frontier.cu", "a.list.edge_rows[entry] = row", 1, "a.list.edge_rows[entry + EDGE] = row", REGIONS, Reported("of `edge_rows`")),
    bug("refine.cu", "* MOST_CANDIDATES + i]", 1, "* (64 << 10) + i]", REGIONS, Reported("of `candidates`")),
    bug("join.cu", "if (entry < a.capacity)", 1, "if (true)", REGIONS, Reported("of `passed`")),
    bug("batch.cu", "a.picks[start + number]", 1, "a.picks[start + number + 1]", REGIONS, Reported("just outside `picks`")),
];

const PRODUCTS: Check = Selftest("products");
const PIPELINE: Check = Selftest("pipeline");
const OVERLAP: Check = Selftest("overlap");
const ENGINE: Check = Check::Test("engine_matches_the_oracle");
const LAZINESS: Check = Check::Test("few_distances_are_settled");
const PORTABLE: Check = Check::Test("portable_matches_the_oracle");
const FRONTIER: Check = Check::Test("frontier_matches_the_oracle");
const NARROWING: Check = Check::Test("narrowing_matches_the_oracle");
const FALLING: Check = Check::Test("falling_matches_the_oracle");
const PANEL: Check = Check::Test("panel_matches_the_oracle");
const JOIN: Check = Check::Test("joins_match_the_oracle");
const BATCH: Check = Check::Test("batch_matches_the_oracle");
const REGIONS: Check = Check::Test("regions_are_kept");

/// In a process of its own, over a bed that may have a bug. One multiprocessor: blocks have several tiles each.
#[test]
#[ignore = "run over beds with bugs"]
fn engine_matches_the_oracle() {
    all_agree(filter::CUDA);
}

/// The same by the instructions of every device.
#[test]
#[ignore = "run over beds with bugs"]
fn portable_matches_the_oracle() {
    all_agree(filter::CUDA_PORTABLE);
}

fn all_agree(filter: Filter) {
    end_within(90);
    let bed = bed::load().unwrap();
    bed.set_limit("multiprocessors", 1);
    let sorts = |n, d| pools::hostile(n, d).into_iter().map(|named| (named.name, named.values));
    let named = |name: &str, n, d| sorts(n, d).find(|(each, _)| *each == name).unwrap().1;
    let plain = Options::default();
    let excluded = Options {
        excluded: (0..40).map(|i| 7 * i).collect(),
        labeled: vec![1, 299],
        weights: Some((0..300).map(|i| [1.0, 0.5, 2.0][i % 3]).collect()),
        ..Options::default()
    };
    agree(filter, &synth::pool(Shape::Text, 300, 70, 1), 70, 290, &plain, 280);
    agree(filter, &synth::pool(Shape::Integers, 300, 20, 2), 20, 150, &plain, 31);
    agree(filter, &synth::pool(Shape::Integers, 300, 2, 4), 2, 150, &plain, 64);
    agree(filter, &synth::pool(Shape::Integers, 300, 1, 5), 1, 30, &plain, 64);
    agree(filter, &synth::pool(Shape::Integers, 1500, 2, 6), 2, 90, &plain, 1300);
    agree(filter, &synth::pool(Shape::Gaussian, 300, 20, 3), 20, 150, &excluded, 64);
    agree(filter, &named("one outlier", 300, 33), 33, 150, &plain, 40);
    agree(filter, &named("near duplicates", 300, 20), 20, 100, &plain, 40);
    agree(filter, &named("offset by 1e4", 300, 33), 33, 150, &plain, 40);
    agree(filter, &named("magnitudes", 300, 33), 33, 150, &plain, 40);
    // Two centers that are almost equally far from every row: what the filter allows for decides who is looked at.
    let mut twins = synth::pool(Shape::Gaussian, 300, 33, 8);
    for j in 0..33 {
        twins[33 + j] = twins[j] + 1e-4;
    }
    let labeled = Options { labeled: vec![0, 1], ..Options::default() };
    agree(filter, &twins, 33, 20, &labeled, 64);
    bed.set_limit("fail_allocation", 1);
    let cosine = Options { metric: Metric::Cosine, ..Options::default() };
    agree(filter, &synth::pool(Shape::Text, 300, 20, 1), 20, 60, &cosine, 64);
}

/// The threshold has to be found, where most rows are at one distance to the row.
#[test]
#[ignore = "run over beds with bugs"]
fn frontier_matches_the_oracle() {
    end_within(90);
    bed::load().unwrap().set_limit("multiprocessors", 2);
    let two_values: Vec<f32> = (0..10000).map(|row| (row > 0).into()).collect();
    agree(filter::CUDA, &two_values, 1, 2, &Options::default(), 300);
    // As many far rows as a frontier has: the first row outside is of another kind.
    let far = |row: u16| f32::from(if row % 30 == 7 { 1000 + row / 30 } else { row % 64 });
    agree(filter::CUDA, &(0..9000).map(far).collect::<Vec<f32>>(), 1, 20, &Options::default(), 300);
}

/// Keys that differ in their later digits alone: many threads have a part in the narrowing.
#[test]
#[ignore = "run over beds with bugs"]
fn narrowing_matches_the_oracle() {
    end_within(60);
    bed::load().unwrap().set_limit("multiprocessors", 1);
    let spread = |row: u16| if row > 0 { 1.0 + f32::from(row) / 9000.0 } else { 0.0 };
    agree(
        filter::CUDA,
        &(0..9000).map(spread).collect::<Vec<f32>>(),
        1,
        2,
        &Options::default(),
        300,
    );
}

/// A last ceiling that says little: all rows but one are thousands of times nearer than it was.
#[test]
#[ignore = "run over beds with bugs"]
fn falling_matches_the_oracle() {
    end_within(60);
    bed::load().unwrap().set_limit("multiprocessors", 1);
    let near = |row: u16| if row == 5000 { 1e6 } else { f32::from(row) / 9000.0 };
    agree(filter::CUDA, &(0..9000).map(near).collect::<Vec<f32>>(), 1, 6, &Options::default(), 300);
}

/// More live rows than are picked at once.
#[test]
#[ignore = "run over beds with bugs"]
fn panel_matches_the_oracle() {
    end_within(120);
    let bed = bed::load().unwrap();
    let close = |row: u16| 100.0 + f32::from(row % 181 * 97 % 50) / 64.0;
    let values: Vec<f32> = (0..9000).map(|row| if row == 0 { 0.0 } else { close(row) }).collect();
    answer_agrees(filter::CUDA, &values, 1, 4, &Options::default(), 8000);
    let ring = |row: u16| (f32::from(row) * 0.37).sin_cos();
    let ring = (0..6000).flat_map(|row| {
        let (x, y) = ring(row);
        if row == 0 { [0.0, 0.0] } else { [x, y] }
    });
    answer_agrees(filter::CUDA, &ring.collect::<Vec<f32>>(), 2, 30, &Options::default(), 5000);
    assert!(bed.kernel_launches("panel_rank") > 5, "panels of too few rounds");
}

/// Pools in one launch: a block each, several blocks each, and with centers given.
#[test]
#[ignore = "run over beds with bugs"]
fn batch_matches_the_oracle() {
    end_within(60);
    bed::load().unwrap();
    batch_agrees(&synth::pool(Shape::Integers, 200, 40, 2), 40, 60, 199);
    // More values than one block is given: four have 33 rows each, or fewer.
    let many: Vec<f32> = synth::pool(Shape::Text, 130, 2100, 3).iter().map(|v| v + 0.1).collect();
    batch_agrees(&many, 2100, 9, 129);
    let labeled = vec![129, 3, 66];
    let cosine = Options { metric: Metric::Cosine, labeled, assign: true, ..Options::default() };
    at_once_agrees(&many, 2100, 3, &cosine);
    let vectors = synth::pool(Shape::Gaussian, 7, 40, 4);
    let vectors = Pool::new(&vectors, 40).unwrap();
    let labeled_vectors = Some(&vectors);
    let given = Options { labeled: vec![5, 190, 66], labeled_vectors, ..Options::default() };
    let given = Options { assign: true, ..given };
    at_once_agrees(&synth::pool(Shape::Gaussian, 200, 40, 3), 40, 30, &given);
}

/// With ties at the reach; then all pairs, which do not fit a launch, of more rows than are packed at once.
#[test]
#[ignore = "run over beds with bugs"]
fn joins_match_the_oracle() {
    end_within(60);
    bed::load().unwrap().set_limit("multiprocessors", 1);
    join_agrees(&synth::pool(Shape::Integers, 150, 9, 2), 9, &[3, 149, 8], Some(40));
    join_agrees(&synth::pool(Shape::Text, 300, 70, 1), 70, &every(300)[..300], Some(9));
    join_agrees(&synth::pool(Shape::Integers, 150, 9, 2), 9, &every(150), None);
}

/// Every region between pages that nothing may touch: rounds, joins whose pairs do not fit, and pools in one launch.
#[test]
#[ignore = "run over beds with bugs"]
fn regions_are_kept() {
    end_within(60);
    bed::load().unwrap().set_limit("multiprocessors", 1);
    bed::guard_regions();
    let integers = synth::pool(Shape::Integers, 300, 20, 2);
    answer_agrees(filter::CUDA, &integers, 20, 150, &Options::default(), 64);
    join_agrees(&synth::pool(Shape::Integers, 150, 9, 2), 9, &every(150), None);
    batch_agrees(&synth::pool(Shape::Integers, 200, 40, 2), 40, 60, 199);
}

/// The rows of a pool, each twice.
fn every(n: usize) -> Vec<usize> {
    (0..2 * n).map(|at| at % n).collect()
}

/// Up to the distance of the first row's neighbour of that rank, or without end.
fn join_agrees(values: &[f32], d: usize, rows: &[usize], rank: Option<usize>) {
    let pool = Pool::new(values, d).unwrap();
    let mut expected = reference::all_pairs(&pool, &Options::default(), rows);
    let reach = rank.map_or(f64::INFINITY, |rank| expected[rank].2);
    expected.retain(|pair| pair.2 <= reach);
    let found = within(&pool, &Options::default(), &filter::CUDA, rows, reach, usize::MAX).unwrap();
    assert!(found == Some(expected));
}

/// Of the rows that a pick comes nearer to, few are ever the farthest, or the answer's.
#[test]
#[ignore = "run over beds with bugs"]
fn few_distances_are_settled() {
    end_within(30);
    bed::load().unwrap();
    let values = synth::pool(Shape::Text, 1500, 32, 1);
    let pool = Pool::new(&values, 32).unwrap();
    let count = |filter: Filter| {
        let filter = filter.with_frontier(400);
        let mut watch = |_| ControlFlow::Continue(());
        let found = select_tuned(&pool, 200, &Options::default(), &filter, &mut watch);
        found.unwrap().statistics
    };
    let (gpu, cpu) = (count(filter::CUDA), count(filter::CPU_F32));
    assert_eq!(gpu.rounds, cpu.rounds);
    assert!(10 * gpu.pick_canonical <= cpu.pick_canonical, "{gpu:?}, {cpu:?}");
}

fn at_once_agrees(values: &[f32], d: usize, budget: usize, options: &Options) {
    let pool = Pool::new(values, d).unwrap();
    let mut watch = |_| ControlFlow::Continue(());
    let found = select_tuned(&pool, budget, options, &filter::CUDA_AT_ONCE, &mut watch).unwrap();
    let expected = reference::select(&pool, budget, options);
    assert_eq!((found.centers, found.radii), (expected.centers, expected.radii));
    assert_eq!(found.min_distances.unwrap(), expected.min_distances);
    assert_eq!(found.assignment.unwrap(), expected.assignment);
}

/// One pool in one launch; then stopped at the radius that half the picks leave.
fn batch_agrees(values: &[f32], d: usize, budget: usize, first: usize) {
    let pool = Pool::new(values, d).unwrap();
    let one = Options { first: First::Row(first), ..Options::default() };
    let expected = reference::select(&pool, budget, &one);
    let stream = Stream::new(0).unwrap();
    let lent = DevicePool::upload(&pool, &stream).unwrap();
    for picks in [budget, budget / 2] {
        let stop_radius = (picks < budget).then_some(expected.radii[picks - 1]);
        let first = Some(vec![first]);
        let options = BatchOptions { stop_radius, first, ..BatchOptions::default() };
        let offsets = [0, pool.rows()];
        let mut batch = Batch::new(&stream, Dtype::F32, d, &offsets, &[budget], &options).unwrap();
        batch.queue(&lent, &stream).unwrap();
        let found = batch.fetch(&lent, &stream).unwrap().remove(0);
        let reached = |radius: &f64| stop_radius.is_some_and(|stop| *radius <= stop);
        let end = expected.radii.iter().position(reached).map_or(budget, |at| at + 1);
        assert_eq!(found.centers, expected.centers[..end]);
        assert_eq!(found.radii, expected.radii[..end]);
    }
}

/// A bug may keep rounds from ending: this is thirty times what the check takes.
fn end_within(seconds: u64) {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(seconds));
        eprintln!("it does not end");
        std::process::exit(1);
    });
}

/// The oracle's answer, and as few canonical distances as the CPU needs.
fn agree(
    filter: Filter,
    values: &[f32],
    d: usize,
    budget: usize,
    options: &Options,
    frontier: usize,
) {
    let gpu = answer_agrees(filter, values, d, budget, options, frontier);
    let pool = Pool::new(values, d).unwrap();
    let options = Options { assign: true, ..options.clone() };
    let cpu = selected(&pool, budget, &options, frontier, filter::CPU_F32).statistics;
    // A row that leaves a round before its distance is settled sees some of the round's picks again.
    assert!(gpu.refresh_evaluations <= 3 * cpu.refresh_evaluations, "{gpu:?}, {cpu:?}");
    assert!(4 * gpu.rounds <= 5 * cpu.rounds + 4, "{gpu:?}, {cpu:?}");
    let canonical = [&gpu, &cpu].map(|s| s.refresh_canonical + s.pick_canonical);
    assert!(canonical[0] <= 2 * canonical[1], "canonical distances {canonical:?}");
}

fn answer_agrees(
    filter: Filter,
    values: &[f32],
    d: usize,
    budget: usize,
    options: &Options,
    frontier: usize,
) -> Statistics {
    let pool = Pool::new(values, d).unwrap();
    let options = Options { assign: true, ..options.clone() };
    let found = selected(&pool, budget, &options, frontier, filter);
    let answer = reference::Answer {
        centers: found.centers,
        radii: found.radii,
        initial_radius: found.initial_radius,
        min_distances: found.min_distances.unwrap(),
        assignment: found.assignment.unwrap(),
    };
    assert_eq!(answer, reference::select(&pool, budget, &options));
    found.statistics
}

fn selected(
    pool: &Pool,
    budget: usize,
    options: &Options,
    frontier: usize,
    filter: Filter,
) -> Selection {
    let filter = filter.with_frontier(frontier);
    select_tuned(pool, budget, options, &filter, &mut |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn checks_pass_without_a_bug() {
    for (name, arguments) in
        [("self", &["--selftest"][..]), ("self-sanitized", &["--selftest", "--asan"])]
    {
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        let Some(bed) = bed::build(name, &arguments) else { return };
        for seed in SEEDS {
            let output = Selftest("").run(&bed, seed);
            assert!(output.status.success(), "{name}, seed {seed}: {}", said(&output));
        }
    }
}

#[test]
fn planted_bugs_are_noticed() {
    notice_all("bug", BUGS);
}

#[test]
fn planted_bugs_of_the_engine_are_noticed() {
    notice_all("engine-bug", ENGINE_BUGS);
}

fn notice_all(name: &str, bugs: &[Bug]) {
    let goes_unnoticed = |(number, bug): (usize, &Bug)| {
        let bed = bug.build(&format!("{name}-{number}"))?;
        let noticed =
            SEEDS.map(|seed| bug.check.run(&bed, seed)).any(|output| bug.notice.is(&output));
        (!noticed).then(|| format!("\n{}: `{}` became `{}`", bug.file, bug.text, bug.becomes))
    };
    let unnoticed: Vec<String> =
        bugs.par_iter().enumerate().with_max_len(1).filter_map(goes_unnoticed).collect();
    assert!(unnoticed.is_empty(), "bugs go unnoticed:{}", unnoticed.concat());
}

/// What the address sanitizer sees is shared memory, stacks and the ends of allocations: a selection has one on the device.
#[test]
fn the_engine_is_clean_to_the_sanitizer() {
    let Some(bed) = bed::build("sanitized", &[OsStr::new("--asan")]) else { return };
    for (check, seed) in [(ENGINE, 0), (ENGINE, 1), (ENGINE, 2), (FRONTIER, 3), (JOIN, 4)] {
        let output = check.run(&bed, seed);
        assert!(output.status.success(), "seed {seed}: {}", said(&output));
    }
}

#[test]
#[ignore = "run by a_skip_is_said_or_fails"]
fn cuda_is_there() {
    eprintln!("answered: {}", bed::has_cuda());
}

/// Without a compiler there is no bed, and with a stub no driver.
#[test]
fn a_skip_is_said_or_fails() {
    let Some(bed) = bed::build("plain", &[]) else { return };
    let run = |required| {
        let mut command = bed::test_over(&bed, "cuda_is_there");
        command.env("LD_LIBRARY_PATH", bed.join("stub")).env("CXX", "/nowhere/g++");
        command.env_remove("FARPOINT_BED").env("FARPOINT_REQUIRE_CUDA", required);
        command.output().unwrap()
    };
    let (skipped, failed) = (run("0"), run("1"));
    let words = said(&skipped);
    assert!(skipped.status.success() && words.contains("answered: false"), "{words}");
    assert!(
        words.contains("without the CUDA test bed: the test bed needs /nowhere/g++"),
        "{words}"
    );
    assert!(words.contains("skipped: cuda:0: "), "{words}");
    let words = said(&failed);
    assert!(!failed.status.success() && !words.contains("answered"), "{words}");
    assert!(words.contains("toolkit's stub"), "{words}");
}

#[test]
fn misused_memory_ends_the_process() {
    let Some(bed) = bed::build("self", &[OsStr::new("--selftest")]) else { return };
    for (check, words) in
        [("freed_twice", "no longer one"), ("written_outside", "outside the allocation")]
    {
        assert!(Reported(words).is(&Selftest(check).run(&bed, 0)), "{check}");
    }
}

impl Bug {
    /// A bed of all kernels, this one changed.
    fn build(&self, name: &str) -> Option<PathBuf> {
        let sources = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bed/{name}-sources"));
        for folder in ["kernels", "tests/bed/selftest"] {
            copy_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &sources);
        }
        let file = sources.join(self.file);
        let source = fs::read_to_string(&file).unwrap();
        assert_eq!(source.matches(self.text).count(), self.times, "{}: `{}`", self.file, self.text);
        fs::write(&file, source.replace(self.text, self.becomes)).unwrap();
        let mut arguments = vec![OsStr::new("--kernels"), sources.as_os_str()];
        if let Selftest(_) = self.check {
            arguments.push(OsStr::new("--selftest"));
        }
        if self.notice == Sanitized {
            arguments.push(OsStr::new("--asan"));
        }
        bed::build(name, &arguments)
    }
}

fn copy_sources(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "cu" || e == "cuh") {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

impl Check {
    fn run(self, bed: &Path, seed: u64) -> Output {
        let mut command = match self {
            Selftest(name) => {
                let mut command = Command::new(bed.join("selftest"));
                command.args((!name.is_empty()).then_some(name));
                command
            }
            Check::Test(name) => bed::test_over(bed, name),
        };
        command.env("FARPOINT_BED_SEED", seed.to_string()).env("ASAN_OPTIONS", "detect_leaks=0");
        command.output().unwrap()
    }
}

impl Notice {
    fn is(self, output: &Output) -> bool {
        let said = said(output);
        match self {
            Wrong => {
                let is_reported = said.contains("bed: ") && !said.contains(": touched ");
                !output.status.success() && !is_reported && !said.contains("AddressSanitizer")
            }
            Reported(words) => said.contains("bed: ") && said.contains(words),
            Sanitized => said.contains("AddressSanitizer"),
        }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}
