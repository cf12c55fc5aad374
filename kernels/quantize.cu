// Quantizing: rows and centers become int8 values, and the frontier's slots get what their intervals need.
//
//   quantize_rows     one warp a row       rows of the pool, once: reads them once more from the caches
//   quantize_centers  one warp a center    the centers of a window
//   quantize_slots    one thread a slot    tests, operands and steps of the frontier's rows, from the int8 copy
//
// z = scale (x - m), `scale` a power of two; step = max |z_j| / 127 in f32; q = round(z / step), at most 127 in size. In f64 the
// difference x - m rounds once, step q is exact, and z - step q rounds once: all of that is within 2^-52 (||step q|| + ||z - step q||),
// as `operand` in interval.cuh allows. The error is rounded up to f32. A row whose step is no normal number of f32 has all of itself as
// its error: it is right, and settled more often.
#include "distance.cuh"
#include "int8.cuh"

struct Quantizer {
    const void* mean; // (d,)
    double scale;     // a power of two that brings rows near 1, so that steps and errors fit f32
    u32 d, depth;
};
static_assert(sizeof(Quantizer) == 24);

// Rows [first, first + count) lie at `rows`, counted from 0.
struct QuantizeRowsArguments {
    Quantizer quantizer;
    Rows rows;
    Int8Copy copy; // out
    u64 first, count;
};
static_assert(sizeof(QuantizeRowsArguments) == 88);

struct QuantizeCentersArguments {
    Interval interval;
    Quantizer quantizer;
    const Round* round;
    const void* centers; // (m, d)
    Window window;       // out, but for `values`
    u8* values;          // (window, depth), out
    float* steps;        // (window,), out
    double rescale;
    u32 first, count; // centers, at most
    u32 window_first; // the center at place 0
};
static_assert(sizeof(QuantizeCentersArguments) == 168);

struct QuantizeSlotsArguments {
    Interval interval;
    Frontier frontier; // in: rows, limits; out: packed, but for its values
    Int8Copy copy;
    float* steps; // (capacity,), out
    const Round* round;
};
static_assert(sizeof(QuantizeSlotsArguments) == 176);

constexpr double LARGEST_INT8 = 127.0;
constexpr float LEAST_NORMAL_F32 = 0x1p-126f;

// Calls `body(j, z)` for this lane's values `z = scale (x - m)` of a row. Past the end all is 0.
template <class T, class Body>
DEVICE void each_centered(const Quantizer& p, View<T> x, u32 lane, Body body) {
    const Seen<T>* mean = static_cast<const Seen<T>*>(p.mean);
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
        for (u32 i = 0; i < TOGETHER; i++) {
            if (first + i * WARP >= p.depth) break;
            body(first + i * WARP, __dmul_rn(__dsub_rn(double(x.seen(values[i])), double(middles[i])), p.scale));
        }
    }
}

DEVICE double largest_of_warp(double value) {
    for (u32 width = WARP / 2; width > 0; width /= 2) value = fmax(value, __shfl_xor_sync(FULL_WARP, value, width));
    return value;
}

DEVICE u32 sum_of_warp(u32 value) {
    for (u32 width = WARP / 2; width > 0; width /= 2) value += __shfl_xor_sync(FULL_WARP, value, width);
    return value;
}

// Writes the int8 values of `x` to `out`, by one warp.
template <class T>
DEVICE Int8Numbers quantize(const Quantizer& p, View<T> x, u8* out, u32 lane) {
    double largest = 0.0;
    each_centered(p, x, lane, [&](u32, double z) { largest = fmax(largest, fabs(z)); });
    float step = __double2float_rn(__ddiv_rn(largest_of_warp(largest), LARGEST_INT8));
    if (!(step >= LEAST_NORMAL_F32 && step < INFINITY)) step = 0.0f;
    double inverse = step > 0.0f ? __ddiv_rn(1.0, double(step)) : 0.0, residual = 0.0;
    u32 square = 0;
    each_centered(p, x, lane, [&](u32 j, double z) {
        i32 q = max(-127, min(127, __double2int_rn(__dmul_rn(z, inverse))));
        out[j] = u8(q);
        square += u32(q * q);
        double left = __fma_rn(-double(step), double(q), z);
        residual += left * left;
    });
    square = sum_of_warp(square);
    double norm = double(step) * __dsqrt_rn(double(square)), ulps = double(p.depth + 8) * EPSILON;
    double error = __dsqrt_rn(fold(residual)) * (1.0 + ulps) + EPSILON * norm * 2.0;
    return {step, square, __double2float_ru(error)};
}

template <class T>
DEVICE void quantize_rows(const QuantizeRowsArguments& a) {
    u64 warps = u64(gridDim.x) * blockDim.x / WARP, warp = (u64(blockIdx.x) * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP;
    for (u64 i = warp; i < a.count; i += warps) {
        u64 row = a.first + i;
        View<T> x = view<T>(a.rows, i, row, a.quantizer.d);
        Int8Numbers numbers = quantize(a.quantizer, x, a.copy.values + row * a.copy.depth, lane);
        if (lane == 0) a.copy.numbers[row] = numbers;
    }
}

template <class S>
DEVICE void quantize_centers(const QuantizeCentersArguments& a) {
    u32 warps = gridDim.x * blockDim.x / WARP, warp = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP, end = min(a.first + a.count, a.round->centers);
    for (u32 center = a.first + warp; center < end; center += warps) {
        u32 place = center - a.window_first;
        View<S> c = {static_cast<const S*>(a.centers) + u64(center) * a.quantizer.d, 0.0};
        Int8Numbers numbers = quantize(a.quantizer, c, a.values + u64(place) * a.quantizer.depth, lane);
        if (lane != 0) continue;
        Operand operand = int8_operand(a.interval, numbers, a.rescale);
        Terms terms = terms_of(a.interval, operand);
        a.window.operands[center] = operand;
        a.window.bases[place] = terms.base;
        a.steps[place] = int8_step(numbers, a.rescale);
        raise(&a.window.peaks[place / PEAK_CENTERS], terms);
    }
}

KERNEL(quantize_slots, QuantizeSlotsArguments, THREADS, 1) {
    u32 slot = blockIdx.x * THREADS + threadIdx.x;
    if (a.round->ceiling == 0 || slot >= a.round->count) return;
    Int8Numbers numbers = a.copy.numbers[a.frontier.rows[slot]];
    Operand operand = int8_operand(a.interval, numbers, a.copy.rescale);
    a.frontier.packed.operands[slot] = operand;
    a.frontier.packed.tests[slot] = test_within(a.interval, operand, from_bits(a.frontier.limits[slot]));
    a.steps[slot] = int8_step(numbers, a.copy.rescale);
}

#define ENTRY(dtype, T) \
    KERNEL(quantize_rows_##dtype, QuantizeRowsArguments, THREADS, 1) { quantize_rows<T>(a); }
DTYPES(ENTRY)
#undef ENTRY

#define ENTRY(dtype, S) \
    KERNEL(quantize_centers_##dtype, QuantizeCentersArguments, THREADS, 1) { quantize_centers<S>(a); }
SEEN(ENTRY)
