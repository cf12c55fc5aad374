//! Bugs of the bed's own kernels, tests/bed/selftest/.

use crate::bug::Check::{self, Selftest};
use crate::bug::Notice::{Reported, Sanitized, Wrong};
use crate::bug::{Bug, bug};

const PRODUCTS: Check = Selftest("products");
const PIPELINE: Check = Selftest("pipeline");
const OVERLAP: Check = Selftest("overlap");

#[rustfmt::skip]
pub const BUGS: &[Bug] = &[
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
