// Probe: products as refresh_90a.cu makes them, of one tile. How fast without a search, and how exact. No part of a selection.
#include "probe_products.cuh"
#include "tile_90a.cuh"

DEVICE void keep_products(const ProductsArguments& a, const Products& products) {
    float* out = a.products + u64(first_row_of_thread()) * BOX_CENTERS + first_column_of_thread();
#pragma unroll
    for (u32 j = 0; j < COLUMN_BLOCKS; j++)
#pragma unroll
        for (u32 e = 0; e < 4; e++) out[e / 2 * 8 * BOX_CENTERS + 8 * j + e % 2] = products[j][e];
}

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
        if (blockIdx.x == 0) keep_products(a, products);
    }
}
