// Refresh: tests the frontier's rows against a window of centers, in tiles. A center that passes the filter becomes a
// candidate of the row.
//
//   frontier.packed  (count, depth)   in: rows as packed, by slot, ordered by `seen`
//   window           (m, depth)       in: centers `window_first` ... `end`
//   frontier.limits  (count,)         in and out: lowered to the upper end of each row's best interval, and `tests` with them
//   frontier.candidates               out
//
// 256 threads a tile of 128 x 128, tiles grid-stride, any grid. 2 count m depth operations; a tile whose rows have seen all
// its centers is skipped. For every device; refresh_90a.cu is faster where it runs.
#include "search.cuh"
#include "tile.cuh"

using namespace mma;

DEVICE void refresh_tile(const RefreshArguments& a, u32 first_slot, u32 first_place, Slice* rows, Slice* columns) {
    u32 count = min(MMA_TILE, a.round->count - first_slot), width = min(MMA_TILE, end_of(a) - a.window_first - first_place);
    const F16* packed = a.frontier.packed.values + u64(first_slot) * a.depth;
    const F16* window = a.window.values + u64(first_place) * a.depth;
    Copying<F16> row([=](u32 i) { return packed + u64(min(i, count - 1)) * a.depth; });
    Copying<F16> column([=](u32 i) { return window + u64(min(i, width - 1)) * a.depth; });
    Products products;
    bool wanted = warp_has(count, width);
    tile_products(row, column, a.depth, wanted, rows, columns, products);
    if (threadIdx.x == 0) count_tile<Tile::ROWS, Tile::COLUMNS>(a, first_slot, first_place);
    if (!wanted) return;
    Peak peak = a.window.peaks[first_place / PEAK_CENTERS];
    Tile::each_fragment(products, [&](auto& fragment, u32 row, u32 column) {
        u32 first = first_slot + row, place = first_place + column;
        float thresholds[2] = {threshold_of(a, first, peak), threshold_of(a, first + 8, peak)};
        Fragment<Tile::BLOCKS> part = {fragment, a.window.bases + place, first, a.window_first + place};
        Searching<Tile::BLOCKS>{a, part, peak, end_of(a)}.search(thresholds);
    });
}

KERNEL(refresh_mma, RefreshArguments, THREADS, TILES_RESIDENT) {
    SHARED(rows, Slice[STAGES]);
    SHARED(columns, Slice[STAGES]);
    if (a.round->ceiling == 0) return;
    each_tile<Tile::ROWS, Tile::COLUMNS>(a, [&](u32 slot, u32 place) { refresh_tile(a, slot, place, rows, columns); });
}
