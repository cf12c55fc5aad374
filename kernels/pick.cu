// Pick: lists the live rows and computes their products. greedy.cu makes the picks from these.
//
//   live      one thread a slot        the frontier's rows that precede everything outside
//   products  tiles of 128 x 128       every live row's product with every other: `(live, live)`, half of it computed
#include "pick.cuh"
#include "tile.cuh"

using namespace mma;

KERNEL(pick_live, PickArguments, THREADS, 1) {
    u32 slot = blockIdx.x * blockDim.x + threadIdx.x;
    if (slot >= a.round->count) return;
    u32 row = a.frontier.rows[slot];
    Candidate candidate = {bits(key_of(a.state.bounds[row], a.state.weights, row)), row};
    if (precedes(candidate, outside_of(*a.round))) a.live_slots[atomicAdd(&a.round->live, 1u)] = slot;
}

// One tile of the products, and its mirror image.
DEVICE void products_tile(const PickArguments& a, u32 first_row, u32 first_column, Slice* rows, Slice* columns) {
    u32 live = a.round->live;
    auto packed = [&](u32 index) { return a.frontier.packed.values + u64(a.live_slots[min(index, live - 1)]) * a.depth; };
    Copying from_rows([&](u32 i) { return packed(first_row + i); });
    Copying from_columns([&](u32 i) { return packed(first_column + i); });
    Products products;
    bool wanted = warp_has(live - first_row, live - first_column);
    tile_products(from_rows, from_columns, a.depth, wanted, rows, columns, products);
    u64 pairs = u64(min(MMA_TILE, live - first_row)) * min(MMA_TILE, live - first_column);
    if (threadIdx.x == 0) atomicAdd(&a.round->counts.pick_evaluations, pairs);
    if (!wanted) return;
    Tile::each_product(products, [&](u32 row, u32 column, float product) {
        u32 x = first_row + row, y = first_column + column;
        if (x >= live || y >= live) return;
        a.products[u64(x) * a.capacity + y] = product;
        a.products[u64(y) * a.capacity + x] = product;
    });
}

KERNEL(pick_products, PickArguments, THREADS, TILES_RESIDENT) {
    SHARED(rows, Slice[STAGES]);
    SHARED(columns, Slice[STAGES]);
    if (a.round->ceiling == 0) return;
    u32 tiles = (a.round->live + MMA_TILE - 1) / MMA_TILE;
    for (u32 tile = blockIdx.x; tile < tiles * tiles; tile += gridDim.x) {
        u32 row = tile % tiles, column = tile / tiles;
        if (column <= row) products_tile(a, row * MMA_TILE, column * MMA_TILE, rows, columns);
    }
}
