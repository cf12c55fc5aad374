// Probe: products as refresh_90a.cu makes them, of one tile. How fast without a search, and how exact. No part of a selection.
#include "probe_products.cuh"
#include "tile_90a.cuh"

using namespace wgmma;

KERNEL(probe_wgmma, ProductsArguments, WGMMA_THREADS, 1) {
    DYNAMIC_SHARED(Ring, ring);
    begin_ring(ring);
    Turn turn;
    if (is_producer()) {
        registers_give<PRODUCER_REGISTERS>();
        if (threadIdx.x > 0) return;
        for (u32 i = 0; i < a.repeats; i++) produce_tile(ring, turn, &a.row_boxes, &a.column_boxes, 0, 0, a.depth);
    } else {
        registers_take<CONSUMER_REGISTERS>();
        Products products;
        for (u32 i = 0; i < a.repeats; i++) multiply_tile(ring, turn, consumer_group(), a.depth, products);
        if (blockIdx.x > 0) return;
        Tile::each_product(products,
                           [&](u32 row, u32 column, float product) { a.products[row * Tile::COLUMNS + column] = product; });
    }
}
