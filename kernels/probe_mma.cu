// Probe: products as refresh.cu makes them, of one tile. How fast without a search, and how exact. No part of a selection.
#include "probe_products.cuh"
#include "tile.cuh"

using namespace mma;

KERNEL(probe_mma, ProductsArguments, THREADS, TILES_RESIDENT) {
    SHARED(rows, Slice[STAGES]);
    SHARED(columns, Slice[STAGES]);
    Copying<F16> row([&](u32 i) { return a.rows + u64(i) * a.depth; });
    Copying<F16> column([&](u32 i) { return a.columns + u64(i) * a.depth; });
    Products products;
    for (u32 turn = 0; turn < a.repeats; turn++) tile_products(row, column, a.depth, true, rows, columns, products);
    if (blockIdx.x > 0) return;
    Tile::each_product(products, [&](u32 row, u32 column, float product) { a.products[row * Tile::COLUMNS + column] = product; });
}
