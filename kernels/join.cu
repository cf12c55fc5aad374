// Range join: of the rows asked about and a block of the pool's, the pairs within reach of each other.
//
//   frontier.packed  (count, depth)  in: rows of the pool as packed, by slot, with `tests` for the limit `reach`
//   window           (m, depth)      in: the rows asked about, packed as centers are, by place
//   passed           (capacity,)     out: the pairs that the interval lets pass
//   found            (capacity,)     out: of those, the ones within reach, in no order
//   counts           (1,)            out, cleared before: what did not fit is counted, too
//
//   join_mma     256 threads a tile of 128 rows x 128 places, tiles grid-stride, any grid; 2 count m depth operations
//   join_decide  one warp a pair that passed: its canonical distance. Nothing, if they did not fit
#include "distance.cuh"
#include "search.cuh"
#include "tile.cuh"

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
    RefreshArguments refresh; // whose window begins at 0: a center's number is its place; `end`: the end of this launch's places
    Rows rows;
    const u32* wanted; // (m,), which pool rows the window's are
    Passed* passed;
    Neighbour* found;
    JoinCounts* counts;
    double reach;
    u32 first_place;  // the first of this launch, a multiple of MMA_TILE
    u32 first_wanted; // position of place 0 among the rows asked about
    u32 capacity;
    u32 d;
};
static_assert(sizeof(JoinArguments) == 256);

typedef Fragment<COLUMN_BLOCKS> Part;

// The least left side of a row's products: what all of the lane's are held to first.
DEVICE float least_of(const Part& part, u32 h) {
    float least = INFINITY;
#pragma unroll
    for (u32 j = 0; j < COLUMN_BLOCKS; j++) {
        float2 base = part.bases(j);
        least = fminf(least, Part::left(base.x, part.products[j][2 * h]));
        least = fminf(least, Part::left(base.y, part.products[j][2 * h + 1]));
    }
    return least;
}

// Note the pairs of a row whose interval begins within reach.
DEVICE void note(const JoinArguments& a, const Part& part, u32 h, float threshold) {
    u32 slot = part.slot + 8 * h;
    for (u64 left = part.passing(h, threshold) & part.bits_below(part.end); left; left &= left - 1) {
        u32 number = __ffsll(left) - 1, place = part.center_of(number);
        const Operand& row = a.refresh.frontier.operands[slot];
        Ends reach = ends(a.refresh.interval, row, a.refresh.operands[place], part.product_at(h, number));
        if (reach.lower > a.reach) continue;
        u32 entry = atomicAdd(&a.counts->passed, 1u);
        if (entry < a.capacity) a.passed[entry] = {place, slot};
    }
}

DEVICE void join_tile(const JoinArguments& a, u32 first_slot, u32 first_place, Slice* rows, Slice* columns) {
    const RefreshArguments& r = a.refresh;
    u32 count = min(MMA_TILE, r.round->count - first_slot), width = min(MMA_TILE, end_of(r) - first_place);
    const F16* packed = r.frontier.packed + u64(first_slot) * r.depth;
    const F16* window = r.window + u64(first_place) * r.depth;
    Copying row([=](u32 i) { return packed + u64(min(i, count - 1)) * r.depth; });
    Copying column([=](u32 i) { return window + u64(min(i, width - 1)) * r.depth; });
    Products products;
    bool wanted = warp_has(count, width);
    tile_products(row, column, r.depth, wanted, rows, columns, products);
    if (!wanted) return;
    u32 slot = first_slot + first_row_of_thread(), place = first_place + first_column_of_thread();
    Peak peak = r.peaks[first_place / PEAK_CENTERS];
#pragma unroll
    for (u32 i = 0; i < ROW_BLOCKS; i++) {
        Part part = {r, products[i], slot + 16 * i, place, peak, end_of(r)};
#pragma unroll
        for (u32 h = 0; h < 2; h++) {
            float threshold = threshold_of(r, part.slot + 8 * h, peak);
            if (!(least_of(part, h) > threshold)) note(a, part, h, threshold);
        }
    }
}

KERNEL(join_mma, JoinArguments, THREADS, TILES_RESIDENT) {
    SHARED(rows, Slice[STAGES]);
    SHARED(columns, Slice[STAGES]);
    u32 row_tiles = (a.refresh.round->count + MMA_TILE - 1) / MMA_TILE;
    u32 place_tiles = (end_of(a.refresh) - a.first_place + MMA_TILE - 1) / MMA_TILE;
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
        u32 row = a.refresh.frontier.rows[pair.slot], wanted = a.wanted[pair.place];
        View<T> x = view<T>(a.rows, row, row, a.d), c = view<T>(a.rows, wanted, wanted, a.d);
        double distance = canonical_distance(x, c, a.d, lane);
        if (lane != 0 || distance > a.reach) continue;
        a.found[atomicAdd(&a.counts->found, 1u)] = {a.first_wanted + pair.place, row, distance};
    }
}

#define ENTRY(dtype, T) \
    KERNEL(join_decide_##dtype, JoinArguments, THREADS, 1) { decide<T>(a); }
DTYPES(ENTRY)
