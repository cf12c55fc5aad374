// The arguments of the probes of matrix products: one tile, which every block multiplies, block 0 keeping the products.
#pragma once
#include "ptx_90a.cuh"

struct ProductsArguments {
    TensorMap row_boxes, column_boxes; // of the same operands, where boxes are copied
    const F16* rows;                   // (tile's rows, depth)
    const F16* columns;                // (tile's columns, depth)
    float* products;                   // (tile's rows, tile's columns)
    u32 depth;
    u32 repeats; // times the tile is multiplied
};
static_assert(sizeof(ProductsArguments) == 320);
