// What a lane has of a tile of products, whatever multiplied it: `BLOCKS` blocks of 8 columns of two rows that are 8 apart.
#pragma once
#include "portable.cuh"

// Calls `body(row, column, product)` for each of them; `row` and `column` are those of the first.
template <u32 BLOCKS, class S, class Body>
DEVICE void each_of_fragment(const S (&products)[BLOCKS][4], u32 row, u32 column, Body body) {
#pragma unroll
    for (u32 j = 0; j < BLOCKS; j++)
#pragma unroll
        for (u32 e = 0; e < 4; e++) body(row + e / 2 * 8, column + 8 * j + e % 2, products[j][e]);
}
