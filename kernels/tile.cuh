// A tile of products in f32: 128 rows x 128 columns of two dense row-major operands, by 256 threads.
//
// Slices of 16 values of each operand go to shared memory by asynchronous copies, two slices deep. Thread (ty, tx) of 16 x 16
// holds the 8 x 8 products of rows 8 ty + i and columns tx + 16 j: a row's products lie in one half warp, so a row's minimum
// needs no barrier. Rows of a slice are padded to 20 values: the 16-byte reads of 8 neighbouring columns fall into different banks.
#pragma once
#include "ptx.cuh"

constexpr u32 TILE = 128;
constexpr u32 TILE_THREADS = 256;
constexpr u32 SLICE = 16; // the operands' depth is a multiple of it
constexpr u32 PITCH = SLICE + 4;
constexpr u32 EACH = 8;  // rows and columns a thread
constexpr u32 SIDE = 16; // threads a side

typedef float Slice[TILE * PITCH];

// `start(i)` is where row `i` of the operand begins: any row, a valid one also past the last.
template <class Start>
DEVICE void copy_slice(float* slice, Start start, u32 k) {
#pragma unroll
    for (u32 piece = threadIdx.x; piece < TILE * SLICE / 4; piece += TILE_THREADS) {
        u32 row = piece / (SLICE / 4), column = piece % (SLICE / 4) * 4;
        cp_async16(&slice[row * PITCH + column], start(row) + k + column);
    }
}

DEVICE float4 four(const float* values) { return *reinterpret_cast<const float4*>(values); }

DEVICE float dot4(float4 a, float4 b, float sum) {
    return __fmaf_rn(a.w, b.w, __fmaf_rn(a.z, b.z, __fmaf_rn(a.y, b.y, __fmaf_rn(a.x, b.x, sum))));
}

// One slice's part of the products.
DEVICE void multiply_slice(const float* rows, const float* columns, float (&products)[EACH][EACH]) {
    u32 ty = threadIdx.x / SIDE, tx = threadIdx.x % SIDE;
#pragma unroll 1
    for (u32 k = 0; k < SLICE; k += 4) {
        float4 row[EACH];
#pragma unroll
        for (u32 i = 0; i < EACH; i++) row[i] = four(&rows[(ty * EACH + i) * PITCH + k]);
#pragma unroll
        for (u32 j = 0; j < EACH; j++) {
            float4 column = four(&columns[(tx + SIDE * j) * PITCH + k]);
#pragma unroll
            for (u32 i = 0; i < EACH; i++) products[i][j] = dot4(row[i], column, products[i][j]);
        }
    }
}

// All products of the tile. Every thread of the block calls it; the slices are free again when it returns.
template <class RowStart, class ColumnStart>
DEVICE void tile_products(RowStart row, ColumnStart column, u32 depth, Slice* rows, Slice* columns,
                          float (&products)[EACH][EACH]) {
#pragma unroll
    for (u32 i = 0; i < EACH; i++)
#pragma unroll
        for (u32 j = 0; j < EACH; j++) products[i][j] = 0.0f;
    copy_slice(rows[0], row, 0);
    copy_slice(columns[0], column, 0);
    cp_async_commit();
    for (u32 k = 0, stage = 0; k < depth; k += SLICE, stage = 1 - stage) {
        if (k + SLICE < depth) {
            copy_slice(rows[1 - stage], row, k + SLICE);
            copy_slice(columns[1 - stage], column, k + SLICE);
        }
        cp_async_commit();
        cp_async_wait<1>();
        __syncthreads(); // every thread's part of this slice has arrived
        multiply_slice(rows[stage], columns[stage], products);
        __syncthreads(); // nobody reads this slice any more
    }
}
