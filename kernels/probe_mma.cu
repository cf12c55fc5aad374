// Probe: products as refresh.cu makes them, of one tile. How fast without a search, and how exact. No part of a selection.
#include "probe_products.cuh"
#include "tile.cuh"

KERNEL(probe_mma, ProductsArguments, THREADS, TILES_RESIDENT) {
    SHARED(rows, Slice[STAGES]);
    SHARED(columns, Slice[STAGES]);
    Copying row([&](u32 i) { return a.rows + u64(i) * a.depth; });
    Copying column([&](u32 i) { return a.columns + u64(i) * a.depth; });
    Products products;
    for (u32 turn = 0; turn < a.repeats; turn++) tile_products(row, column, a.depth, true, rows, columns, products);
    if (blockIdx.x > 0) return;
    float* out = a.products + u64(first_row_of_thread()) * MMA_TILE + first_column_of_thread();
#pragma unroll
    for (u32 i = 0; i < ROW_BLOCKS; i++)
#pragma unroll
        for (u32 j = 0; j < COLUMN_BLOCKS; j++)
#pragma unroll
            for (u32 e = 0; e < 4; e++) out[(16 * i + e / 2 * 8) * MMA_TILE + 8 * j + e % 2] = products[i][j][e];
}
