// Refresh on int8 values: as refresh.cu, and the operands are the rows of the int8 copy, where they lie.
//
//   copy.values    (n, depth)    in: read by `frontier.rows`
//   window         (m, depth)    in: centers `window_first` ... `end`
//   steps          (count,)      in, by slot, and (m,), by place: a product of int8 values times both steps is that of the operands
//
// 256 threads a tile of 128 x 128, tiles grid-stride, any grid. 2 count m depth operations, and a conversion and two factors a product.
#include "int8.cuh"
#include "search.cuh"

using namespace mma;

struct RefreshInt8Arguments {
    RefreshArguments refresh; // but for the halves and `depth`
    Int8Copy copy;
    const float* row_steps;
    const u8* window;
    const float* window_steps;
};
static_assert(sizeof(RefreshInt8Arguments) == 240);

// The products of a lane's part of the tile, from the sums of int8 products.
template <u32 BLOCKS>
DEVICE void scale(const i32 (&sums)[BLOCKS][4], const float (&row_steps)[2], const float* column_steps,
                  float (&products)[BLOCKS][4]) {
#pragma unroll
    for (u32 j = 0; j < BLOCKS; j++) {
        float2 steps = reinterpret_cast<const float2*>(column_steps)[j * (8 / 2)];
#pragma unroll
        for (u32 h = 0; h < 2; h++) {
            products[j][2 * h] = int8_product(sums[j][2 * h], row_steps[h], steps.x);
            products[j][2 * h + 1] = int8_product(sums[j][2 * h + 1], row_steps[h], steps.y);
        }
    }
}

DEVICE void refresh_tile(const RefreshInt8Arguments& all, u32 first_slot, u32 first_place, Int8Slice* rows, Int8Slice* columns) {
    const RefreshArguments& a = all.refresh;
    u32 count = min(MMA_TILE, a.round->count - first_slot), width = min(MMA_TILE, end_of(a) - a.window_first - first_place);
    const u32* pool_rows = a.frontier.rows + first_slot;
    const u8* window = all.window + u64(first_place) * all.copy.depth;
    Copying<u8> row([&](u32 i) { return all.copy.values + u64(pool_rows[min(i, count - 1)]) * all.copy.depth; });
    Copying<u8> column([&](u32 i) { return window + u64(min(i, width - 1)) * all.copy.depth; });
    Int8Products sums;
    bool wanted = warp_has(count, width);
    tile_products(row, column, all.copy.depth, wanted, rows, columns, sums);
    if (threadIdx.x == 0) count_tile<Tile::ROWS, Tile::COLUMNS>(a, first_slot, first_place);
    if (!wanted) return;
    Peak peak = a.window.peaks[first_place / PEAK_CENTERS];
    Tile::each_fragment(sums, [&](auto& fragment, u32 row, u32 column) {
        u32 first = first_slot + row, place = first_place + column;
        float thresholds[2] = {threshold_of(a, first, peak), threshold_of(a, first + 8, peak)};
        float steps[2] = {row < count ? all.row_steps[first] : 0.0f, row + 8 < count ? all.row_steps[first + 8] : 0.0f};
        float products[Tile::BLOCKS][4];
        scale(fragment, steps, all.window_steps + place, products);
        Fragment<Tile::BLOCKS> part = {products, a.window.bases + place, first, a.window_first + place};
        Searching<Tile::BLOCKS>{a, part, peak, end_of(a)}.search(thresholds);
    });
}

KERNEL(refresh_int8, RefreshInt8Arguments, THREADS, TILES_RESIDENT) {
    SHARED(rows, Int8Slice[STAGES]);
    SHARED(columns, Int8Slice[STAGES]);
    if (a.refresh.round->ceiling == 0) return;
    each_tile<Tile::ROWS, Tile::COLUMNS>(a.refresh, [&](u32 slot, u32 place) { refresh_tile(a, slot, place, rows, columns); });
}
