// Range join: the pairs within reach of each other, of a row asked about and a row of a block of the pool.
//
//   block   (count, depth)  in: rows of the pool as packed, by slot, with `tests` for the limit `reach`
//   window  (m, depth)      in: the rows asked about, packed as centers are, by place
//   passed  (capacity,)     out: the pairs that the interval lets pass
//   found   (capacity,)     out: of those, the ones within reach, in no order
//   counts  (1,)            out, cleared before: what did not fit is counted, too
//
//   join_mma     256 threads a tile of 128 rows x 128 places, tiles grid-stride, any grid; 2 count m depth operations
//   join_decide  one warp a pair that passed: its canonical distance. Nothing, if they did not fit
#include "distance.cuh"
#include "search.cuh"
#include "tile.cuh"

using namespace mma;

struct Passed {
    u32 place, slot;
};
static_assert(sizeof(Passed) == 8);

struct Neighbour {
    u32 slot, row; // position among the rows asked about, and the pool row
    double distance;
};
static_assert(sizeof(Neighbour) == 16);

struct JoinCounts {
    u32 passed, found;
};
static_assert(sizeof(JoinCounts) == 8);

struct JoinArguments {
    Interval interval;
    PackedRows block; // rows of the pool, by slot
    Window window;    // the rows asked about, by place: a center's number is its place
    Rows rows;
    const u32* pool_rows; // (count,), which pool rows the block's are
    const u32* wanted;    // (m,), and the window's
    Passed* passed;
    Neighbour* found;
    JoinCounts* counts;
    double reach;
    u32 count;        // rows in the block
    u32 first_place;  // the first of this launch, a multiple of MMA_TILE
    u32 end_place;    // the end of them
    u32 first_wanted; // position of place 0 among the rows asked about
    u32 capacity;
    u32 d, depth;
};
static_assert(sizeof(JoinArguments) == 208);

typedef Fragment<Tile::BLOCKS> Part;

// The least left side of a row's products in this lane; the others are looked at only if it passes.
DEVICE float least_of(const Part& part, u32 h) {
    float least = INFINITY;
#pragma unroll
    for (u32 j = 0; j < Tile::BLOCKS; j++) {
        float2 base = part.bases(j);
        least = fminf(least, Part::left(base.x, part.products[j][2 * h]));
        least = fminf(least, Part::left(base.y, part.products[j][2 * h + 1]));
    }
    return least;
}

// The threshold for a row's products. Nothing passes if there is no such row.
DEVICE float threshold_of(const JoinArguments& a, u32 slot, const Peak& peak) {
    return slot < a.count ? loosened(a.block.tests[slot], peak) : -INFINITY;
}

// Notes the pairs of a row whose interval begins within reach.
DEVICE void note(const JoinArguments& a, const Part& part, u32 h, float threshold) {
    u32 slot = part.slot + 8 * h;
    for (u64 left = part.passing(h, threshold) & part.bits_below(a.end_place); left; left &= left - 1) {
        u32 number = __ffsll(left) - 1, place = part.center_of(number);
        const Operand& row = a.block.operands[slot];
        Ends reach = ends(a.interval, row, a.window.operands[place], part.product_at(h, number));
        if (reach.lower > a.reach) continue;
        u32 entry = atomicAdd(&a.counts->passed, 1u);
        if (entry < a.capacity) a.passed[entry] = {place, slot};
    }
}

DEVICE void join_tile(const JoinArguments& a, u32 first_slot, u32 first_place, Slice* rows, Slice* columns) {
    u32 count = min(MMA_TILE, a.count - first_slot), width = min(MMA_TILE, a.end_place - first_place);
    const F16* block = a.block.values + u64(first_slot) * a.depth;
    const F16* window = a.window.values + u64(first_place) * a.depth;
    Copying<F16> row([=](u32 i) { return block + u64(min(i, count - 1)) * a.depth; });
    Copying<F16> column([=](u32 i) { return window + u64(min(i, width - 1)) * a.depth; });
    Products products;
    bool wanted = warp_has(count, width);
    tile_products(row, column, a.depth, wanted, rows, columns, products);
    if (!wanted) return;
    Peak peak = a.window.peaks[first_place / PEAK_CENTERS];
    Tile::each_fragment(products, [&](auto& fragment, u32 row, u32 column) {
        u32 place = first_place + column;
        Part part = {fragment, a.window.bases + place, first_slot + row, place};
#pragma unroll
        for (u32 h = 0; h < 2; h++) {
            float threshold = threshold_of(a, part.slot + 8 * h, peak);
            if (!(least_of(part, h) > threshold)) note(a, part, h, threshold);
        }
    });
}

KERNEL(join_mma, JoinArguments, THREADS, TILES_RESIDENT) {
    SHARED(rows, Slice[STAGES]);
    SHARED(columns, Slice[STAGES]);
    u32 row_tiles = (a.count + MMA_TILE - 1) / MMA_TILE;
    u32 place_tiles = (a.end_place - a.first_place + MMA_TILE - 1) / MMA_TILE;
    for (u32 tile = blockIdx.x; tile < row_tiles * place_tiles; tile += gridDim.x)
        join_tile(a, tile % row_tiles * MMA_TILE, a.first_place + tile / row_tiles * MMA_TILE, rows, columns);
}

template <class T>
DEVICE void decide(const JoinArguments& a) {
    u32 count = a.counts->passed;
    if (count > a.capacity) return;
    u32 warps = gridDim.x * blockDim.x / WARP, warp = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP;
    for (u32 i = warp; i < count; i += warps) {
        Passed pair = a.passed[i];
        u32 row = a.pool_rows[pair.slot], wanted = a.wanted[pair.place];
        View<T> x = view<T>(a.rows, row, row, a.d), c = view<T>(a.rows, wanted, wanted, a.d);
        double distance = canonical_distance(x, c, a.d, lane);
        if (lane != 0 || distance > a.reach) continue;
        a.found[atomicAdd(&a.counts->found, 1u)] = {a.first_wanted + pair.place, row, distance};
    }
}

#define ENTRY(dtype, T) \
    KERNEL(join_decide_##dtype, JoinArguments, THREADS, 1) { decide<T>(a); }
DTYPES(ENTRY)
