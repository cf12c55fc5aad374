// Refresh on GPUs of compute capability 9.0: as refresh.cu, with the instructions that no other has. Compiled for 90a alone.
//
// Tiles of 128 x 256, grid-stride, one block a multiprocessor. While a warpgroup searches its products, slices of the
// next tile arrive, and the other warpgroup goes on multiplying slices that are there. The two wait for each other only
// through the ring.
#include "search.cuh"
#include "tile_90a.cuh"

using namespace wgmma;

struct RefreshBoxes {
    RefreshArguments refresh;
    u64 unused;       // up to where maps may begin
    TensorMap packed; // frontier.packed, boxes of 128 rows
    TensorMap window; // refresh.window, boxes of 256 rows
};
static_assert(sizeof(RefreshBoxes) == 448);

// By one thread: every slice of every tile.
DEVICE void produce(const RefreshBoxes& a, Ring* ring) {
    Turn turn;
    each_tile<Tile::ROWS, Tile::COLUMNS>(
        a.refresh, [&](u32 slot, u32 place) { produce_tile(ring, turn, &a.packed, &a.window, slot, place, a.refresh.depth); });
}

// By the warpgroups that multiply: computes their rows' products, tile after tile, and searches them.
DEVICE void consume(const RefreshArguments& a, Ring* ring) {
    Turn turn;
    each_tile<Tile::ROWS, Tile::COLUMNS>(a, [&](u32 first_slot, u32 first_place) {
        u32 slot = first_slot + first_row_of_thread(), center = a.window_first + first_place + first_column_of_thread();
        const Peak* peaks = a.window.peaks + first_place / PEAK_CENTERS;
        Peak peak = larger(peaks[0], peaks[1]);
        float thresholds[2] = {threshold_of(a, slot, peak), threshold_of(a, slot + 8, peak)};
        Products products;
        multiply_tile(ring, turn, consumer_group(), a.depth, products);
        // Lane 0 has the warp's first row.
        Fragment<Tile::BLOCKS> part = {products, a.window.bases + (center - a.window_first), slot, center};
        if (__shfl_sync(FULL_WARP, slot, 0) < a.round->count)
            Searching<Tile::BLOCKS>{a, part, peak, end_of(a)}.search(thresholds);
        if (threadIdx.x == GROUP) count_tile<Tile::ROWS, Tile::COLUMNS>(a, first_slot, first_place);
    });
}

KERNEL(refresh_wgmma, RefreshBoxes, WGMMA_THREADS, 1) {
    DYNAMIC_SHARED(Ring, ring);
    if (a.refresh.round->ceiling == 0) return;
    begin_ring(ring);
    if (is_producer()) {
        registers_give<PRODUCER_REGISTERS>();
        if (threadIdx.x == 0) produce(a, ring);
    } else {
        registers_take<CONSUMER_REGISTERS>();
        consume(a.refresh, ring);
    }
}
