// Refresh: the frontier's rows against a window of centers, in tiles. What survives the filter becomes a row's candidate.
//
//   frontier.packed  (count, depth)   in: rows as packed, by slot, ordered by `seen`
//   window           (m, depth)       in: centers `window_first` ... `end`
//   frontier.limits  (count,)         in and out: lowered to the upper end of each row's best interval
//   frontier.candidates               out
//
// 256 threads a tile of 128 x 128, tiles grid-stride, any grid. 2 count m depth operations; a tile whose rows have seen all
// its centers is skipped.
#include "state.cuh"
#include "tile.cuh"

struct RefreshArguments {
    Interval interval;
    Frontier frontier;
    Round* round;
    const float* window;
    const Operand* operands; // by center
    const Terms* terms;      // by place in the window
    u32 window_first, end;   // centers in the window
    u32 depth;
};
static_assert(sizeof(RefreshArguments) == 168);

// A row of the tile while its products are looked at.
struct Search {
    Operand operand;
    double limit;
    Test test;
    u32 slot;
    u32 seen; // centers before this one are not pending
};

constexpr u32 HALF_WARP = 16;

DEVICE float least_of_half(float value) {
    for (u32 width = HALF_WARP / 2; width > 0; width /= 2) value = fminf(value, __shfl_xor_sync(FULL_WARP, value, width));
    return value;
}

// The lane of this half warp, the lowest, for which `condition` holds; its own if there is none.
DEVICE u32 elect(bool condition) {
    u32 lane = threadIdx.x % WARP, half = lane & HALF_WARP;
    u32 holding = __ballot_sync(FULL_WARP, condition) >> half & 0xffff;
    return holding ? half + __ffs(holding) - 1 : lane;
}

DEVICE Search begin_search(const RefreshArguments& a, u32 slot) {
    bool exists = slot < a.round->count;
    Search s;
    s.slot = exists ? slot : 0;
    s.seen = exists ? a.frontier.seen[slot] : NO_CENTER;
    s.operand = a.frontier.operands[s.slot];
    s.limit = from_bits(*(volatile u64*)&a.frontier.limits[s.slot]);
    s.test = test_within(a.interval, s.operand, s.limit);
    return s;
}

// The left side of column `j`'s test; infinite where the center is not pending.
DEVICE float left_of(const RefreshArguments& a, const Search& s, const Terms& terms, u32 center, float product) {
    return center >= s.seen && center < a.end ? left_side(s.test, terms, product) : INFINITY;
}

// Lower the row's limit to the upper end of its least candidate's interval, so that few others are admitted.
DEVICE void lower_limit(const RefreshArguments& a, Search& s, u32 center, float product, bool first_lane) {
    Ends reach = ends(a.interval, s.operand, a.operands[center], product);
    if (!(reach.upper < s.limit)) return;
    s.limit = reach.upper;
    s.test = test_within(a.interval, s.operand, s.limit);
    if (first_lane) atomicMin(&a.frontier.limits[s.slot], bits(s.limit));
}

DEVICE void admit(const RefreshArguments& a, const Search& s, u32 center, float product) {
    double lower = ends(a.interval, s.operand, a.operands[center], product).lower;
    if (lower > s.limit) return;
    u32 entry = atomicAdd(&a.frontier.candidate_counts[s.slot], 1u);
    if (entry < MOST_CANDIDATES)
        a.frontier.candidates[u64(s.slot) * MOST_CANDIDATES + entry] = {center, __double2float_rd(lower)};
}

// One row's products, held by a half warp: eight a lane, of centers `center + SIDE j`.
DEVICE void search_row(const RefreshArguments& a, u32 slot, u32 center, const Terms* terms, const float (&products)[EACH]) {
    u32 tx = threadIdx.x % SIDE;
    Search s = begin_search(a, slot);
    float least = INFINITY, product = 0.0f;
    u32 nearest = center;
#pragma unroll
    for (u32 j = 0; j < EACH; j++) {
        float left = left_of(a, s, terms[tx + SIDE * j], center + SIDE * j, products[j]);
        if (left < least) least = left, product = products[j], nearest = center + SIDE * j;
    }
    float row_least = least_of_half(least);
    bool any = row_least < INFINITY && !(row_least > s.test.threshold);
    if (!__any_sync(FULL_WARP, any)) return;
    u32 elected = elect(least == row_least);
    nearest = __shfl_sync(FULL_WARP, nearest, elected);
    product = __shfl_sync(FULL_WARP, product, elected);
    if (!any) return;
    lower_limit(a, s, nearest, product, tx == 0);
#pragma unroll
    for (u32 j = 0; j < EACH; j++) {
        float left = left_of(a, s, terms[tx + SIDE * j], center + SIDE * j, products[j]);
        if (left < INFINITY && !(left > s.test.threshold)) admit(a, s, center + SIDE * j, products[j]);
    }
}

// Whether any row of the tile has a pending center in it: rows are ordered by `seen`, so the first tells.
DEVICE bool is_pending(const RefreshArguments& a, u32 first_slot, u32 end_center) {
    return a.frontier.seen[first_slot] < end_center;
}

DEVICE void refresh_tile(const RefreshArguments& a, u32 first_slot, u32 first_place, Slice* rows, Slice* columns, Terms* terms) {
    u32 centers = a.end - a.window_first;
    u32 count = min(TILE, a.round->count - first_slot), width = min(TILE, centers - first_place);
    for (u32 i = threadIdx.x; i < width; i += TILE_THREADS) terms[i] = a.terms[first_place + i];
    const float* packed = a.frontier.packed + u64(first_slot) * a.depth;
    const float* window = a.window + u64(first_place) * a.depth;
    float products[EACH][EACH];
    tile_products([=](u32 i) { return packed + u64(min(i, count - 1)) * a.depth; },
                  [=](u32 i) { return window + u64(min(i, width - 1)) * a.depth; }, a.depth, rows, columns, products);
    u32 ty = threadIdx.x / SIDE, center = a.window_first + first_place + threadIdx.x % SIDE;
#pragma unroll
    for (u32 i = 0; i < EACH; i++) search_row(a, first_slot + ty * EACH + i, center, terms, products[i]);
    if (threadIdx.x == 0) atomicAdd(&a.round->counts.tile_evaluations, u64(count) * width);
    __syncthreads(); // the terms are read until here
}

KERNEL(refresh_f32, RefreshArguments, 256, 2) {
    SHARED(rows, Slice[2]);
    SHARED(columns, Slice[2]);
    SHARED(terms, Terms[TILE]);
    if (a.round->ceiling == 0) return;
    u32 row_tiles = (a.round->count + TILE - 1) / TILE;
    u32 center_tiles = (a.end - a.window_first + TILE - 1) / TILE;
    for (u32 tile = blockIdx.x; tile < row_tiles * center_tiles; tile += gridDim.x) {
        u32 first_slot = tile % row_tiles * TILE, first_place = tile / row_tiles * TILE;
        u32 end = min(a.end, a.window_first + first_place + TILE);
        if (is_pending(a, first_slot, end)) refresh_tile(a, first_slot, first_place, rows, columns, terms);
    }
}
