// A row's products against a tile of centers: which of them may be its nearest. Both refresh kernels end a tile with this.
//
// The products of a row lie in the four lanes of a quad, as tensor cores leave them. Almost no center of a tile is as near as a row's
// limit. So per product there is one multiply-add and one minimum; per two products one tag, the pair's number, in the last bits of
// the value. For that the row's test is loosened by the largest norm and error of any center near (`Peak`), which leaves the center a
// single number, its base. A center that passes is looked at by its own interval.
#pragma once
#include "state.cuh"

struct RefreshArguments {
    Interval interval;
    Frontier frontier;
    Round* round;
    Window window;
    u32 window_first, end; // centers in the window, at most
    u32 depth;
};
static_assert(sizeof(RefreshArguments) == 184);

// The end of the window's centers.
DEVICE u32 end_of(const RefreshArguments& a) { return min(a.end, a.round->centers); }

// What the products of center `place` on are held against, for the row in `slot`; none passes where there is no such row.
DEVICE float threshold_of(const RefreshArguments& a, u32 slot, const Peak& peak) {
    if (slot >= a.round->count) return -INFINITY;
    return loosened(a.frontier.packed.tests[slot], peak);
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
    s.operand = a.frontier.packed.operands[s.slot];
    s.limit = from_bits(*(volatile u64*)&a.frontier.limits[s.slot]);
    s.threshold = threshold_of(a, slot, peak); // other tiles may have lowered it
    return s;
}

// Lower the row's limit to the upper end of its least candidate's interval, so that few others are admitted. Of tests that
// several tiles store at once any may stay: each holds for a limit the row had.
DEVICE void lower_limit(const RefreshArguments& a, Search& s, const Peak& peak, double upper, bool first_lane) {
    if (!(upper < s.limit)) return;
    s.limit = upper;
    Test test = test_within(a.interval, s.operand, s.limit);
    s.threshold = loosened(test, peak);
    if (!first_lane) return;
    atomicMin(&a.frontier.limits[s.slot], bits(s.limit));
    a.frontier.packed.tests[s.slot] = test;
}

DEVICE void admit(const RefreshArguments& a, const Search& s, u32 center, double lower) {
    if (lower > s.limit) return;
    u32 entry = atomicAdd(&a.frontier.candidate_counts[s.slot], 1u);
    if (entry < MOST_CANDIDATES)
        a.frontier.candidates[u64(s.slot) * MOST_CANDIDATES + entry] = {center, __double2float_rd(lower)};
}

// The number of a pair of a lane's products, kept in the last bits of what is compared: the least then tells where it is.
constexpr u32 TAGS = 32;
constexpr float TAG_ERROR = TAGS * 0x1p-23f; // relative

DEVICE float tagged(float value, u32 number) { return __uint_as_float((__float_as_uint(value) & ~(TAGS - 1)) | number); }
DEVICE u32 tag_of(float value) { return __float_as_uint(value) & (TAGS - 1); }

// No tagged value is above it whose value is not above the threshold.
DEVICE float for_tagged(float threshold) { return __fmaf_ru(fabsf(threshold), TAG_ERROR, threshold); }

DEVICE float least_of_quad(float value) {
    for (u32 width = 1; width < QUAD; width *= 2) value = fminf(value, __shfl_xor_sync(FULL_WARP, value, width));
    return value;
}

// The value of that number, a power of two of them: registers cannot be indexed, so every second is left out until one is left.
template <u32 COUNT>
DEVICE float value_at(const float (&values)[COUNT], u32 number) {
    if constexpr (COUNT == 1) {
        return values[0];
    } else {
        float half[COUNT / 2];
#pragma unroll
        for (u32 i = 0; i < COUNT / 2; i++) half[i] = number % 2 == 0 ? values[2 * i] : values[2 * i + 1];
        return value_at(half, number / 2);
    }
}

// A lane's part of the tile: two rows, `slot` and `slot + 8`, against `BLOCKS` pairs of centers, `center + 8 j` and the next.
// products[j][2 h + e] is of row `slot + 8 h` and center `center + 8 j + e`; 2 j + e is its number.
template <u32 BLOCKS>
struct Fragment {
    static_assert(BLOCKS <= TAGS, "a tag is a pair's number");
    const float (&products)[BLOCKS][4];
    const float* first_base; // of `center`
    u32 slot, center;

    DEVICE float2 bases(u32 j) const { return reinterpret_cast<const float2*>(first_base)[j * (8 / 2)]; }

    // The left side of a center's test.
    DEVICE static float left(float base, float product) { return __fmaf_rn(-2.0f, product, base); }

    DEVICE u32 center_of(u32 number) const { return center + 8 * (number / 2) + number % 2; }

    // How many of the lane's centers come before `other`, as so many bits.
    DEVICE u64 bits_below(u32 other) const {
        u32 distance = other > center ? other - center : 0;
        u32 count = min(distance, 8 * BLOCKS) / 8 * 2 + (distance < 8 * BLOCKS ? min(distance % 8, 2u) : 0);
        return count < 64 ? (u64(1) << count) - 1 : ~u64(0);
    }

    // The two products of pair `j`.
    DEVICE float2 pair_at(u32 h, u32 j) const {
        float first[BLOCKS], second[BLOCKS];
#pragma unroll
        for (u32 i = 0; i < BLOCKS; i++) first[i] = products[i][2 * h], second[i] = products[i][2 * h + 1];
        return {value_at(first, j), value_at(second, j)};
    }

    // The product of that number.
    DEVICE float product_at(u32 h, u32 number) const {
        float2 pair = pair_at(h, number / 2);
        return number % 2 == 0 ? pair.x : pair.y;
    }

    // The products that pass the row's test, a bit each.
    DEVICE u64 passing(u32 h, float threshold) const {
        u32 low = 0, high = 0;
#pragma unroll
        for (u32 j = 0; j < BLOCKS; j++) {
            float2 base = bases(j);
            u32& word = j < 16 ? low : high;
            if (!(left(base.x, products[j][2 * h]) > threshold)) word |= 1u << 2 * j % 32;
            if (!(left(base.y, products[j][2 * h + 1]) > threshold)) word |= 2u << 2 * j % 32;
        }
        return u64(high) << 32 | low;
    }
};

// A lane's part of a tile, searched for centers that may be its rows' nearest.
template <u32 BLOCKS>
struct Searching {
    const RefreshArguments& a;
    Fragment<BLOCKS> part;
    Peak peak;
    u32 end; // centers from this one on are not there

    // One row's products. `least`: the lane's least, tagged. The least of the row comes first, and lowers what others are held to.
    DEVICE void search_row(u32 h, float least) const {
        Search s = begin_search(a, part.slot + 8 * h, peak);
        float row_least = least_of_quad(least);
        u32 lane = threadIdx.x % WARP, first = lane / QUAD * QUAD;
        u32 holding = __ballot_sync(FULL_WARP, least == row_least) >> first & ((1 << QUAD) - 1);
        u32 elected = first + (holding ? __ffs(holding) - 1 : 0);
        u32 j = tag_of(least) % BLOCKS;
        float2 base = part.bases(j), pair = part.pair_at(h, j);
        bool is_second = Fragment<BLOCKS>::left(base.y, pair.y) < Fragment<BLOCKS>::left(base.x, pair.x);
        u32 number = 2 * j + is_second;
        float product = __shfl_sync(FULL_WARP, is_second ? pair.y : pair.x, elected);
        u32 nearest = __shfl_sync(FULL_WARP, part.center_of(number), elected);
        if (row_least > for_tagged(s.threshold)) return;
        u64 pending = part.bits_below(end) & ~part.bits_below(s.seen);
        if (nearest >= s.seen && nearest < end) {
            Ends reach = ends(a.interval, s.operand, a.window.operands[nearest], product);
            if (lane == elected) {
                admit(a, s, nearest, reach.lower);
                pending &= ~(u64(1) << number);
            }
            lower_limit(a, s, peak, reach.upper, lane == first);
        }
        for (u64 others = pending & part.passing(h, s.threshold); others; others &= others - 1) {
            u32 other = __ffsll(others) - 1, its_center = part.center_of(other);
            admit(a, s, its_center, ends(a.interval, s.operand, a.window.operands[its_center], part.product_at(h, other)).lower);
        }
    }

    // All of it. Every lane of the warp calls it, with the thresholds of its two rows.
    DEVICE void search(const float (&thresholds)[2]) const {
        float least[2] = {INFINITY, INFINITY};
#pragma unroll
        for (u32 j = 0; j < BLOCKS; j++) {
            float2 base = part.bases(j);
#pragma unroll
            for (u32 h = 0; h < 2; h++) {
                float pair = fminf(Fragment<BLOCKS>::left(base.x, part.products[j][2 * h]),
                                   Fragment<BLOCKS>::left(base.y, part.products[j][2 * h + 1]));
                least[h] = fminf(least[h], tagged(pair, j));
            }
        }
#pragma unroll
        for (u32 h = 0; h < 2; h++)
            if (__any_sync(FULL_WARP, !(least[h] > for_tagged(thresholds[h])))) search_row(h, least[h]);
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
