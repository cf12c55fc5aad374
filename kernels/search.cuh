// A row's products against a tile of centers: which of them may be its nearest. Both refresh kernels end a tile with this.
//
// The products of a row lie in the four lanes of a quad, as tensor cores leave them. Almost no center of a tile is as near as a
// row's limit, so what every product costs is one multiply-add and one minimum: the row's test is loosened by the largest norm and
// error of any center near (`Peak`), which leaves the center a single number. Only what passes is looked at by its own interval.
#pragma once
#include "state.cuh"

struct RefreshArguments {
    Interval interval;
    Frontier frontier;
    Round* round;
    const F16* window;       // (m, depth)
    const Operand* operands; // by center
    const float* bases;      // by place in the window, and beyond its end more than any threshold
    const Peak* peaks;       // by place / PEAK_CENTERS
    u32 window_first, end;   // centers in the window, at most
    u32 depth;
};
static_assert(sizeof(RefreshArguments) == 184);

// The end of the window's centers.
DEVICE u32 end_of(const RefreshArguments& a) { return min(a.end, a.round->centers); }

// What the products of center `place` on are held against, for the row in `slot`; none passes where there is no such row.
DEVICE float threshold_of(const RefreshArguments& a, u32 slot, const Peak& peak) {
    if (slot >= a.round->count) return -INFINITY;
    return loosened(a.frontier.tests[slot], peak);
}

// A row of the tile whose products are looked at one by one.
struct Search {
    Operand operand;
    double limit;
    float threshold;
    u32 slot;
    u32 seen; // centers before this one are not pending
};

DEVICE Search begin_search(const RefreshArguments& a, u32 slot, const Peak& peak) {
    bool exists = slot < a.round->count;
    Search s;
    s.slot = exists ? slot : 0;
    s.seen = exists ? a.frontier.seen[slot] : NO_CENTER;
    s.operand = a.frontier.operands[s.slot];
    s.limit = from_bits(*(volatile u64*)&a.frontier.limits[s.slot]);
    s.threshold = threshold_of(a, slot, peak); // other tiles may have lowered it
    return s;
}

// Lower the row's limit to the upper end of its least candidate's interval, so that few others are admitted. Of tests that
// several tiles store at once any may stay: each holds for a limit the row had.
DEVICE void lower_limit(const RefreshArguments& a, Search& s, const Peak& peak, u32 center, float product, bool first_lane) {
    Ends reach = ends(a.interval, s.operand, a.operands[center], product);
    if (!(reach.upper < s.limit)) return;
    s.limit = reach.upper;
    Test test = test_within(a.interval, s.operand, s.limit);
    s.threshold = loosened(test, peak);
    if (!first_lane) return;
    atomicMin(&a.frontier.limits[s.slot], bits(s.limit));
    a.frontier.tests[s.slot] = test;
}

DEVICE void admit(const RefreshArguments& a, const Search& s, u32 center, float product) {
    double lower = ends(a.interval, s.operand, a.operands[center], product).lower;
    if (lower > s.limit) return;
    u32 entry = atomicAdd(&a.frontier.candidate_counts[s.slot], 1u);
    if (entry < MOST_CANDIDATES)
        a.frontier.candidates[u64(s.slot) * MOST_CANDIDATES + entry] = {center, __double2float_rd(lower)};
}

// A lane's part of the tile: two rows, `slot` and `slot + 8`, against `BLOCKS` pairs of centers, `center + 8 j` and the next.
// products[j][2 h + e] is of row `slot + 8 h` and center `center + 8 j + e`.
template <u32 BLOCKS>
struct Fragment {
    const RefreshArguments& a;
    const float (&products)[BLOCKS][4];
    u32 slot, center;
    Peak peak;
    u32 end; // centers from this one on are not there

    DEVICE float2 bases(u32 j) const { return reinterpret_cast<const float2*>(a.bases + (center - a.window_first))[j * (8 / 2)]; }

    // The left side of a center's test.
    DEVICE float left(float base, float product) const { return __fmaf_rn(-2.0f, product, base); }

    // Calls `body(i, center, left side, product)` for each of the row's pending centers. `i` numbers the products.
    template <class Body>
    DEVICE void each_pending(u32 h, const Search& s, Body body) const {
#pragma unroll
        for (u32 j = 0; j < BLOCKS; j++) {
            float2 base = bases(j);
#pragma unroll
            for (u32 e = 0; e < 2; e++) {
                u32 other = center + 8 * j + e;
                float product = products[j][2 * h + e];
                if (other >= s.seen && other < end) body(2 * j + e, other, left(e == 0 ? base.x : base.y, product), product);
            }
        }
    }

    // The one product of that number: registers cannot be indexed.
    DEVICE float product_at(u32 h, u32 number) const {
        float product = 0.0f;
#pragma unroll
        for (u32 i = 0; i < 2 * BLOCKS; i++)
            if (i == number) product = products[i / 2][2 * h + i % 2];
        return product;
    }

    DEVICE void search_row(u32 h) const {
        Search s = begin_search(a, slot + 8 * h, peak);
        float least = INFINITY, product = 0.0f;
        u32 nearest = center;
        each_pending(h, s, [&](u32, u32 other, float left, float its_product) {
            if (left < least) least = left, product = its_product, nearest = other;
        });
        float row_least = least;
        for (u32 width = 1; width < QUAD; width *= 2) row_least = fminf(row_least, __shfl_xor_sync(FULL_WARP, row_least, width));
        u32 lane = threadIdx.x % WARP, first = lane / QUAD * QUAD;
        u32 holding = __ballot_sync(FULL_WARP, least == row_least) >> first & ((1 << QUAD) - 1);
        u32 elected = first + __ffs(holding) - 1;
        nearest = __shfl_sync(FULL_WARP, nearest, elected);
        product = __shfl_sync(FULL_WARP, product, elected);
        if (!(row_least < INFINITY) || row_least > s.threshold) return;
        lower_limit(a, s, peak, nearest, product, lane == first);
        u64 passing = 0;
        each_pending(h, s, [&](u32 i, u32, float left, float) { passing |= u64(!(left > s.threshold)) << i; });
        for (; passing; passing &= passing - 1) {
            u32 i = __ffsll(passing) - 1;
            admit(a, s, center + 8 * (i / 2) + i % 2, product_at(h, i));
        }
    }

    // All of it. Every lane of the warp calls it, with the thresholds of its two rows.
    DEVICE void search(const float (&thresholds)[2]) const {
        float least[2] = {INFINITY, INFINITY};
#pragma unroll
        for (u32 j = 0; j < BLOCKS; j++) {
            float2 base = bases(j);
#pragma unroll
            for (u32 h = 0; h < 2; h++)
                least[h] = fminf(least[h], fminf(left(base.x, products[j][2 * h]), left(base.y, products[j][2 * h + 1])));
        }
#pragma unroll
        for (u32 h = 0; h < 2; h++)
            if (__any_sync(FULL_WARP, !(least[h] > thresholds[h]))) search_row(h);
    }
};

// Whether any row of the tile has a pending center in it: rows are ordered by `seen`, so the first tells.
DEVICE bool is_pending(const RefreshArguments& a, u32 first_slot, u32 end_center) {
    return a.frontier.seen[first_slot] < end_center;
}

// Calls `body(first slot, first place in the window)` for this block's tiles of `rows` x `columns` that have work in them.
template <u32 ROWS, u32 COLUMNS, class Body>
DEVICE void each_tile(const RefreshArguments& a, Body body) {
    u32 count = a.round->count, end = end_of(a);
    if (end <= a.window_first) return;
    u32 row_tiles = (count + ROWS - 1) / ROWS, center_tiles = (end - a.window_first + COLUMNS - 1) / COLUMNS;
    for (u32 tile = blockIdx.x; tile < row_tiles * center_tiles; tile += gridDim.x) {
        u32 first_slot = tile % row_tiles * ROWS, first_place = tile / row_tiles * COLUMNS;
        if (is_pending(a, first_slot, min(end, a.window_first + first_place + COLUMNS))) body(first_slot, first_place);
    }
}

// By one thread: the pairs of the tile, rounded up or not.
template <u32 ROWS, u32 COLUMNS>
DEVICE void count_tile(const RefreshArguments& a, u32 first_slot, u32 first_place) {
    u64 rows = min(ROWS, a.round->count - first_slot), columns = min(COLUMNS, end_of(a) - a.window_first - first_place);
    atomicAdd(&a.round->counts.tile_evaluations, rows * columns);
}
