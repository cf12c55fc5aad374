// Every number that the kernels and the host must agree on, and no other: build.rs makes `limits.rs` of this text.
//
// Each line is a comment or `constexpr u32 NAME = ...;`, whole numbers, names above it, + - * / << and brackets; what a constant means
// stands right above it or behind it. No constant stands a second time in kernels/ or in src/: tests/limits.rs looks.
#pragma once
#include "portable.cuh"

// Threads of a block of every kernel that has no number of its own below.
constexpr u32 THREADS = 256;

// Rows, by what they may be chosen for.
constexpr u8 ELIGIBLE = 0; // may be chosen
constexpr u8 LABELED = 1;  // a center already
constexpr u8 EXCLUDED = 2; // never chosen, and counted in no radius

// In place of a row's number or a center's: none.
constexpr u32 NO_ROW = 0xffffffff;
constexpr u32 NO_CENTER = NO_ROW;

// Consecutive rows that are summed before their sum is added to the others': part of the contract's definition of the mean.
constexpr u32 MEAN_BLOCK = 1024;

// 2^-SLACK_BITS covers the f32 roundings around a product: each is at most 2^-24 of a partial result of size at most 3 (N_x + N_c), and
// there are fewer than five.
constexpr u32 SLACK_BITS = 20;
// The least normal number of half precision is 2^-LEAST_NORMAL_BITS.
constexpr u32 LEAST_NORMAL_BITS = 14;

// Rows, and columns, of a tile of products by the instructions of every device.
constexpr u32 MMA_TILE = 128;
// Values that rows are packed to a multiple of, and that such a tile is multiplied along at a time.
constexpr u32 SLICE = 32;
// Int8 values that rows are padded to a multiple of: what one instruction multiplies along.
constexpr u32 INT8_SLICE = 32;
// Blocks of a kernel with such tiles that fit a multiprocessor.
constexpr u32 TILES_RESIDENT = 2;

// Rows and centers of a tile of products by the instructions of compute capability 9.0, each copied as a box.
constexpr u32 BOX_ROWS = 128;
constexpr u32 BOX_CENTERS = 256;
// Values of a row in a box: the 128 bytes that are swizzled.
constexpr u32 BOX_DEPTH = 64;
// Threads of a block that makes such tiles, one block a multiprocessor: a warpgroup that copies, two that multiply.
constexpr u32 WGMMA_THREADS = 384;
// Bytes of such a block's ring in shared memory.
constexpr u32 RING_BYTES = 196672;

// Places of the window that share a peak: the largest norm and error of the centers there.
constexpr u32 PEAK_CENTERS = 128;
// Candidates for its nearest center that a row keeps; a row with more is evaluated against all its pending centers.
constexpr u32 MOST_CANDIDATES = 64;

// Rows that a frontier holds at most: a slot's number fits 16 bits.
constexpr u32 MOST_SLOTS = 16384;
// Threads of a block that selects a frontier, one block a multiprocessor.
constexpr u32 FRONTIER_THREADS = 1024;
// Passes over the digits of the keys, each with a histogram: two that count on from the last ceiling, and 96 bits.
constexpr u32 FRONTIER_PASSES = 10;
// Bins of a histogram.
constexpr u32 FRONTIER_BINS = 4096;
// Rows at the edge of the frontier that ranks decide about, at most.
constexpr u32 EDGE = 512;

// Threads of a block that picks, at most, and live rows that each of them owns, at most.
constexpr u32 GREEDY_THREADS = 512;
constexpr u32 LIVE_EACH = 8;
// Shared memory of a live row in that block: what is kept of it (16), its bound (8), its number (4), its place among the picks (2).
constexpr u32 LIVE_BYTES = 16 + 8 + 4 + 2;

// Threads of a block of a batch, at most.
constexpr u32 BATCH_THREADS = 1024;
// Dimensions up to which a lane of a batch sums a whole row; above it a warp does.
constexpr u32 LANE_PER_ROW = 32;
// Shared memory of a row in a batch, beside its values: a key (8) and a cutoff (4).
constexpr u32 BATCH_SLOT_BYTES = 8 + 4;
// Sets of offers among blocks: a block may offer again before the others have read.
constexpr u32 OFFER_SETS = 2;

// Blocks a multiprocessor of the probes that fill the device.
constexpr u32 PROBE_RESIDENT = 4;
// Multiply-adds of a thread that do not wait for each other, and how many of each there are in a repeat.
constexpr u32 PROBE_CHAINS = 8;
constexpr u32 PROBE_STEPS = 16;
// Bytes of a piece of memory that a probe loads at a time.
constexpr u32 PIECE_BYTES = 16;
