// Pick: lists the live rows and computes their products. greedy.cu makes the picks from these.
//
//   live      one thread a slot        the frontier's rows that precede everything outside
//   products  tiles of 128 x 128       every live row's product with every other: `(live, live)`, half of it computed, of halves or
//                                      of the int8 copy
#include "int8.cuh"
#include "pick.cuh"
#include "tile.cuh"

using namespace mma;

struct PickInt8Arguments {
    PickArguments pick;
    Int8Copy copy;
    const float* steps; // (capacity,), by slot
};
static_assert(sizeof(PickInt8Arguments) == 296);

KERNEL(pick_live, PickArguments, THREADS, 1) {
    u32 slot = blockIdx.x * blockDim.x + threadIdx.x;
    if (slot >= a.round->count) return;
    u32 row = a.frontier.rows[slot];
    Candidate candidate = {bits(key_of(a.state.bounds[row], a.state.weights, row)), row};
    if (precedes(candidate, outside_of(*a.round))) a.live_slots[atomicAdd(&a.round->live, 1u)] = slot;
}

// One tile of the products, and its mirror image. `packed(slot)` is where a row's values are, `product(sum, slot, slot)` the product.
template <class T, class Packed, class Product>
DEVICE void products_tile(const PickArguments& a, u32 depth, Packed packed, Product product, u32 first_row, u32 first_column,
                          SliceOf<T>* rows, SliceOf<T>* columns) {
    u32 live = a.round->live;
    auto at = [&](u32 index) { return packed(a.live_slots[min(index, live - 1)]); };
    Copying<T> from_rows([&](u32 i) { return at(first_row + i); });
    Copying<T> from_columns([&](u32 i) { return at(first_column + i); });
    Sums<Sum<T>> sums;
    bool wanted = warp_has(live - first_row, live - first_column);
    tile_products(from_rows, from_columns, depth, wanted, rows, columns, sums);
    u64 pairs = u64(min(MMA_TILE, live - first_row)) * min(MMA_TILE, live - first_column);
    if (threadIdx.x == 0) atomicAdd(&a.round->counts.pick_evaluations, pairs);
    if (!wanted) return;
    Tile::each_product(sums, [&](u32 row, u32 column, Sum<T> sum) {
        u32 x = first_row + row, y = first_column + column;
        if (x >= live || y >= live) return;
        float value = product(sum, a.live_slots[x], a.live_slots[y]);
        a.products[u64(x) * a.capacity + y] = value;
        a.products[u64(y) * a.capacity + x] = value;
    });
}

// Every tile on or below the diagonal.
template <class T, class Packed, class Product>
DEVICE void each_products_tile(const PickArguments& a, u32 depth, Packed packed, Product product, SliceOf<T>* rows,
                               SliceOf<T>* columns) {
    if (a.round->ceiling == 0) return;
    u32 tiles = (a.round->live + MMA_TILE - 1) / MMA_TILE;
    for (u32 tile = blockIdx.x; tile < tiles * tiles; tile += gridDim.x) {
        u32 row = tile % tiles, column = tile / tiles;
        if (column <= row) products_tile<T>(a, depth, packed, product, row * MMA_TILE, column * MMA_TILE, rows, columns);
    }
}

KERNEL(pick_products, PickArguments, THREADS, TILES_RESIDENT) {
    SHARED(rows, Slice[STAGES]);
    SHARED(columns, Slice[STAGES]);
    auto packed = [&](u32 slot) { return a.frontier.packed.values + u64(slot) * a.depth; };
    auto product = [](float sum, u32, u32) { return sum; };
    each_products_tile<F16>(a, a.depth, packed, product, rows, columns);
}

KERNEL(pick_products_int8, PickInt8Arguments, THREADS, TILES_RESIDENT) {
    SHARED(rows, Int8Slice[STAGES]);
    SHARED(columns, Int8Slice[STAGES]);
    const PickArguments& pick = a.pick;
    auto packed = [&](u32 slot) { return a.copy.values + u64(pick.frontier.rows[slot]) * a.copy.depth; };
    auto product = [&](i32 sum, u32 x, u32 y) { return int8_product(sum, a.steps[x], a.steps[y]); };
    each_products_tile<u8>(pick, a.copy.depth, packed, product, rows, columns);
}
