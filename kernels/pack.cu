// Packing: rows are centered, scaled and rounded to the multiplier's format, and their intervals' numbers are computed.
//
//   pack_rows     one warp a slot      the frontier's rows
//   pack_centers  one warp a center    the centers of a window
//   pack_block    one warp a slot      a join's block of pool rows
//   pack_wanted   one warp a place     the rows a join is asked about, as centers
//   gather_picks  one warp a pick      new centers' values under the metric
//   gather_rows   one warp a row       the same of any pool rows
//
// q = ((x pre - m pre) post) in half precision: `pre` and `post` are powers of two whose product is the scale, `pre` at
// most 1 so that nothing overflows, `post` at least 1 and in two factors since it may exceed f32. Half precision has
// few exponents: the scale brings the farthest row below 2^15, not 1, so that rows up to 2^15 times nearer to the mean
// than it keep all their bits. The residual is summed in f64 from the q that is stored.
#include "distance.cuh"
#include "state.cuh"

struct Packing {
    Interval interval;
    const void* mean; // (d,)
    float pre, post, post_again;
    u32 d, depth; // depth: d, padded with zeros
};

struct PackRowsArguments {
    Packing packing;
    Rows rows;
    Frontier frontier; // in: rows, sources, limits; out: packed
    const Round* round;
};
static_assert(sizeof(PackRowsArguments) == 184);

struct PackCentersArguments {
    Packing packing;
    const Round* round;
    const void* centers; // (m, d)
    Window window;       // out
    u32 first, count;    // centers, at most
    u32 window_first;    // the center at place 0
};
static_assert(sizeof(PackCentersArguments) == 152);

struct PackBlockArguments {
    Packing packing;
    Rows rows;
    const u32* pool_rows; // (count,)
    PackedRows block;     // out
    double limit;         // that all tests are for
    u32 count;
};
static_assert(sizeof(PackBlockArguments) == 152);

struct PackWantedArguments {
    Packing packing;
    const void* values; // (count, d)
    Window window;      // out
    u32 count;
};
static_assert(sizeof(PackWantedArguments) == 136);

struct GatherPicksArguments {
    Rows rows;
    const Round* round;
    const u32* sources;   // (picks,), where the picks' values are, and
    const u32* pool_rows; // which rows they are
    void* centers;        // (m, d), out: after the round's centers
    u32 d;
};
static_assert(sizeof(GatherPicksArguments) == 56);

struct GatherRowsArguments {
    Rows rows;
    const u32* pool_rows; // (count,)
    void* values;         // (count, d), out
    u32 count, d;
};
static_assert(sizeof(GatherRowsArguments) == 40);

constexpr float LARGEST_F16 = 65504.0f;

DEVICE F16 packed_value(const Packing& p, float value, float middle) {
    float shifted = __fsub_rn(__fmul_rn(value, p.pre), __fmul_rn(middle, p.pre));
    float wanted = __fmul_rn(__fmul_rn(shifted, p.post), p.post_again);
    return to_f16(fminf(fmaxf(wanted, -LARGEST_F16), LARGEST_F16)); // products are finite, whatever the values
}

// Of f64 the difference is rounded, not the values: those of a map are far from 0 and near each other.
DEVICE F16 packed_value(const Packing& p, double value, double middle) {
    double scale = p.interval.scale;
    float wanted = __double2float_rn(__dsub_rn(__dmul_rn(value, scale), __dmul_rn(middle, scale)));
    return to_f16(fminf(fmaxf(wanted, -LARGEST_F16), LARGEST_F16));
}

// Packs `x` into `out`, by one warp. Values are loaded together, before any is stored: the compiler must assume that a
// store may change them, and would else wait for each load.
template <class T>
DEVICE Operand pack(const Packing& p, View<T> x, F16* out, u32 lane) {
    const Seen<T>* mean = static_cast<const Seen<T>*>(p.mean);
    double square = 0.0, residual = 0.0;
    for (u32 first = lane; first < p.depth; first += TOGETHER * WARP) {
        T values[TOGETHER];
        Seen<T> middles[TOGETHER];
#pragma unroll
        for (u32 i = 0; i < TOGETHER; i++) {
            bool exists = first + i * WARP < p.d;
            values[i] = exists ? x.values[first + i * WARP] : T{};
            middles[i] = exists ? mean[first + i * WARP] : Seen<T>(0);
        }
#pragma unroll
        for (u32 i = 0; i < TOGETHER; i++) { // past the end all is 0
            if (first + i * WARP >= p.depth) break;
            Seen<T> value = x.seen(values[i]);
            F16 half = packed_value(p, value, middles[i]);
            out[first + i * WARP] = half;
            double q = double(widen(half));
            double exact = double(value) * p.interval.scale - double(middles[i]) * p.interval.scale;
            square += q * q;
            residual += (exact - q) * (exact - q);
        }
    }
    return operand(p.interval, fold(square), fold(residual), p.depth);
}

// Copies `x` as the metric sees it to `out`, by one warp.
template <class T>
DEVICE void copy_seen(View<T> x, Seen<T>* out, u32 d, u32 lane) {
    for (u32 first = lane; first < d; first += TOGETHER * WARP) {
        T values[TOGETHER];
#pragma unroll
        for (u32 i = 0; i < TOGETHER; i++) values[i] = first + i * WARP < d ? x.values[first + i * WARP] : T{};
#pragma unroll
        for (u32 i = 0; i < TOGETHER; i++) {
            if (first + i * WARP >= d) break;
            out[first + i * WARP] = x.seen(values[i]);
        }
    }
}

// Packs the row in slot `slot`, whose values are at `x`, for a limit.
template <class T>
DEVICE void pack_slot(const Packing& p, View<T> x, const PackedRows& to, u32 slot, double limit, u32 lane) {
    Operand packed = pack(p, x, to.values + u64(slot) * p.depth, lane);
    if (lane != 0) return;
    to.operands[slot] = packed;
    to.tests[slot] = test_within(p.interval, packed, limit);
}

// Packs a center to its place in the window.
template <class S>
DEVICE void pack_center(const Packing& p, const S* values, const Window& window, u32 center, u32 place, u32 lane) {
    View<S> c = {values, 0.0};
    Operand packed = pack(p, c, window.values + u64(place) * p.depth, lane);
    if (lane != 0) return;
    window.operands[center] = packed;
    Terms terms = terms_of(p.interval, packed);
    window.bases[place] = terms.base;
    raise(&window.peaks[place / PEAK_CENTERS], terms);
}

// Calls `body(index, lane)` for the indices below `count` that are this warp's.
template <class Body>
DEVICE void by_warp(u32 count, Body body) {
    u32 warps = gridDim.x * blockDim.x / WARP, warp = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    for (u32 i = warp; i < count; i += warps) body(i, threadIdx.x % WARP);
}

template <class T>
DEVICE void pack_rows(const PackRowsArguments& a) {
    if (a.round->ceiling == 0) return;
    by_warp(a.round->count, [&](u32 slot, u32 lane) {
        View<T> x = view<T>(a.rows, a.frontier.sources[slot], a.frontier.rows[slot], a.packing.d);
        pack_slot(a.packing, x, a.frontier.packed, slot, from_bits(a.frontier.limits[slot]), lane);
    });
}

template <class T>
DEVICE void pack_block(const PackBlockArguments& a) {
    by_warp(a.count, [&](u32 slot, u32 lane) {
        u32 row = a.pool_rows[slot];
        pack_slot(a.packing, view<T>(a.rows, row, row, a.packing.d), a.block, slot, a.limit, lane);
    });
}

template <class S>
DEVICE void pack_centers(const PackCentersArguments& a) {
    const S* centers = static_cast<const S*>(a.centers);
    u32 end = min(a.first + a.count, a.round->centers);
    by_warp(end > a.first ? end - a.first : 0, [&](u32 i, u32 lane) {
        u32 center = a.first + i;
        pack_center(a.packing, centers + u64(center) * a.packing.d, a.window, center, center - a.window_first, lane);
    });
}

template <class S>
DEVICE void pack_wanted(const PackWantedArguments& a) {
    const S* values = static_cast<const S*>(a.values);
    by_warp(a.count, [&](u32 place, u32 lane) {
        pack_center(a.packing, values + u64(place) * a.packing.d, a.window, place, place, lane);
    });
}

template <class T>
DEVICE void gather_picks(const GatherPicksArguments& a) {
    Seen<T>* centers = static_cast<Seen<T>*>(a.centers);
    u32 first = a.round->centers;
    by_warp(a.round->picks, [&](u32 i, u32 lane) {
        View<T> x = view<T>(a.rows, a.sources[i], a.pool_rows[i], a.d);
        copy_seen(x, centers + u64(first + i) * a.d, a.d, lane);
    });
}

template <class T>
DEVICE void gather_rows(const GatherRowsArguments& a) {
    Seen<T>* values = static_cast<Seen<T>*>(a.values);
    by_warp(a.count, [&](u32 i, u32 lane) {
        u32 row = a.pool_rows[i];
        copy_seen(view<T>(a.rows, row, row, a.d), values + u64(i) * a.d, a.d, lane);
    });
}

#define ENTRY(dtype, T)                                                                    \
    KERNEL(pack_rows_##dtype, PackRowsArguments, THREADS, 1) { pack_rows<T>(a); }          \
    KERNEL(pack_block_##dtype, PackBlockArguments, THREADS, 1) { pack_block<T>(a); }       \
    KERNEL(gather_picks_##dtype, GatherPicksArguments, THREADS, 1) { gather_picks<T>(a); } \
    KERNEL(gather_rows_##dtype, GatherRowsArguments, THREADS, 1) { gather_rows<T>(a); }
DTYPES(ENTRY)
#undef ENTRY

#define ENTRY(dtype, S)                                                                    \
    KERNEL(pack_centers_##dtype, PackCentersArguments, THREADS, 1) { pack_centers<S>(a); } \
    KERNEL(pack_wanted_##dtype, PackWantedArguments, THREADS, 1) { pack_wanted<S>(a); }
SEEN(ENTRY)
