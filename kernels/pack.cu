// Packing: rows centered, scaled and rounded to what the multiplier takes, with what the interval needs to know of them.
//
//   rows     one warp a slot      the frontier's rows
//   centers  one warp a center    the centers of a window
//   gather   one warp a pick      new centers' values under the metric, kept as f32: `(m, d)`
//
// q = ((x pre - m pre) post) in half precision: `pre` and `post` are powers of two whose product is the scale, `pre` at most 1 so that
// nothing overflows, `post` at least 1 and in two factors since it may exceed f32. Half precision has few exponents: the scale
// brings the farthest row below 2^15, not 1, so that rows up to 2^15 times nearer to the mean than it keep all their bits. The
// residual is summed in f64 from the very q.
#include "distance.cuh"
#include "state.cuh"

struct Packing {
    Interval interval;
    const float* mean; // (d,)
    float pre, post, post_again;
    u32 d, depth; // depth: d, padded with zeros
};

struct PackArguments {
    Packing packing;
    Rows rows;
    Frontier frontier;
    const Round* round;   // gather: null where `first` and `count` say which centers they become
    float* centers;       // (m, d)
    Operand* operands;    // (m,), of centers
    float* bases;         // (window,)
    Peak* peaks;          // (window / PEAK_CENTERS,)
    F16* window;          // (window, depth)
    const u32* sources;   // gather: where the rows' values are, and
    const u32* pool_rows; // which rows they are
    u32 count;            // centers, at most, or rows to gather
    u32 first;            // the first center
    u32 window_first;     // the first center of the window
};
static_assert(sizeof(PackArguments) == 256);

constexpr float LARGEST_F16 = 65504.0f;

DEVICE F16 packed_value(const Packing& p, float value, float middle) {
    float shifted = __fsub_rn(__fmul_rn(value, p.pre), __fmul_rn(middle, p.pre));
    float wanted = __fmul_rn(__fmul_rn(shifted, p.post), p.post_again);
    return to_f16(fminf(fmaxf(wanted, -LARGEST_F16), LARGEST_F16)); // products are finite, whatever the values
}

// Packs `x` into `out`, by one warp. Values are loaded together, before any is stored: the compiler must take it that a store
// may change them, and would wait for each.
template <class T>
DEVICE Operand pack(const Packing& p, View<T> x, F16* out, u32 lane) {
    double square = 0.0, residual = 0.0;
    for (u32 first = lane; first < p.depth; first += TOGETHER * WARP) {
        T values[TOGETHER];
        float middles[TOGETHER];
#pragma unroll
        for (u32 i = 0; i < TOGETHER; i++) {
            bool exists = first + i * WARP < p.d;
            values[i] = exists ? x.values[first + i * WARP] : T{};
            middles[i] = exists ? p.mean[first + i * WARP] : 0.0f;
        }
#pragma unroll
        for (u32 i = 0; i < TOGETHER; i++) { // past the end all is 0
            if (first + i * WARP >= p.depth) break;
            float value = x.seen(values[i]);
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
DEVICE void copy_seen(View<T> x, float* out, u32 d, u32 lane) {
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

template <class T>
DEVICE void pack_rows(const PackArguments& a) {
    if (a.round->ceiling == 0) return;
    u32 warps = gridDim.x * blockDim.x / WARP, warp = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP;
    for (u32 slot = warp, count = a.round->count; slot < count; slot += warps) {
        View<T> x = view<T>(a.rows, a.frontier.sources[slot], a.frontier.rows[slot], a.packing.d);
        Operand packed = pack(a.packing, x, a.frontier.packed + u64(slot) * a.packing.depth, lane);
        if (lane != 0) continue;
        a.frontier.operands[slot] = packed;
        a.frontier.tests[slot] = test_within(a.packing.interval, packed, from_bits(a.frontier.limits[slot]));
    }
}

KERNEL(pack_centers, PackArguments, THREADS, 1) {
    u32 warps = gridDim.x * blockDim.x / WARP, warp = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP;
    u32 end = min(a.first + a.count, a.round->centers);
    for (u32 center = a.first + warp; center < end; center += warps) {
        u32 place = center - a.window_first;
        View<float> c = {a.centers + u64(center) * a.packing.d, 0.0};
        Operand packed = pack(a.packing, c, a.window + u64(place) * a.packing.depth, lane);
        if (lane != 0) continue;
        a.operands[center] = packed;
        Terms terms = terms_of(a.packing.interval, packed);
        a.bases[place] = terms.base;
        raise(&a.peaks[place / PEAK_CENTERS], terms);
    }
}

template <class T>
DEVICE void gather(const PackArguments& a) {
    u32 d = a.packing.d;
    u32 first = a.round ? a.round->centers : a.first, count = a.round ? a.round->picks : a.count;
    u32 warps = gridDim.x * blockDim.x / WARP, warp = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP;
    for (u32 i = warp; i < count; i += warps) {
        View<T> x = view<T>(a.rows, a.sources[i], a.pool_rows[i], d);
        copy_seen(x, a.centers + u64(first + i) * d, d, lane);
    }
}

#define ENTRY(dtype, T)                                                       \
    KERNEL(pack_rows_##dtype, PackArguments, THREADS, 1) { pack_rows<T>(a); } \
    KERNEL(gather_##dtype, PackArguments, THREADS, 1) { gather<T>(a); }
DTYPES(ENTRY)
