// What a batch is given, and a block's slice of its pool: the rows it owns, where it keeps them, and how a center is applied to them.
#pragma once
#include "distance.cuh"
#include "offer.cuh"
#include "order.cuh"
#include "ptx.cuh"

// The result of one pool's run.
struct PoolResult {
    u32 picks;
    u32 has_next, next_row; // the row that is next, where rows are left
    u32 not_finite;         // all ones less the lowest row with a value that no pool holds; 0 if there is none
    u32 without_direction;  // under cosine: the same of rows of zeros
    u32 unused;
    u64 canonical; // canonical distances evaluated
};
static_assert(sizeof(PoolResult) == 32);

struct BatchArguments {
    const void* values;
    double* bounds;        // (n,), out
    u32* nearest;          // (n,), out
    const float* weights;  // (n,); null without weights
    const u8* roles;       // (n,); null if every row may be chosen
    double* norms;         // (n,), written; null under euclidean
    const u32* given_rows; // (given,): centers applied before the first pick, each a pool row or, if NO_CENTER,
    const void* centers;   // (given, d): the vector here
    const u64* offsets;
    const u32* budgets; // (pools,)
    const u32* firsts;  // (pools,): the first pick where no center is given; null: the lowest row
    const u64* starts;  // (pools,)
    u32* picks;
    double* curve;
    PoolResult* results;
    Offer* offers;            // (OFFER_SETS, blocks)
    u32* barriers;            // (pools,), 0 before the launch
    double stop;              // picks have keys above it
    float relative, absolute; // error of the f32 sum: a share of it, and underflow
    u32 given;
    u32 d;
    u32 group; // blocks a pool
    u32 slots; // rows a block, at most
    u32 is_cached;
};
static_assert(sizeof(BatchArguments) == 176);

static_assert(BATCH_SLOT_BYTES == sizeof(u64) + sizeof(float), "a row's key and cutoff in a Slice");

// A block's part of its pool.
template <class T>
struct Slice {
    u64 keys_at_row; // pool row of slot 0
    u32 count;       // rows owned
    const T* values; // (count, d), in shared memory or where they lie
    u64* keys;       // (slots,), as in Offer
    float* cutoffs;  // (slots,): a sum above it cannot come nearer
    Seen<T>* center; // (d,)
    u32 pool;
    u32 evaluated; // canonical distances, by this warp
};

// The slot of this lane's row in group `q` of this warp's rows. Either way every slot belongs to one lane.
DEVICE u32 slot_of(u32 q, u32 d) {
    u32 warp = threadIdx.x / WARP, warps = blockDim.x / WARP, lane = threadIdx.x % WARP;
    return d <= LANE_PER_ROW ? (q * warps + warp) * WARP + lane : (q * WARP + lane) * warps + warp;
}

DEVICE u32 groups(u32 count) { return (count + blockDim.x - 1) / blockDim.x; }

// Whether cached rows are kept as the metric sees them: see keep_as_seen.
DEVICE bool kept_as_seen(const float*) { return true; }
DEVICE bool kept_as_seen(const void*) { return false; }

template <class T>
DEVICE View<T> view_slot(const BatchArguments& a, const Slice<T>& s, u32 slot) {
    bool is_seen = a.is_cached && kept_as_seen(s.values);
    return {s.values + u64(slot) * a.d, a.norms && !is_seen ? a.norms[s.keys_at_row + slot] : 0.0};
}

// The difference of two values, rounded to f32.
DEVICE float difference(float x, float c) { return __fsub_rn(x, c); }
DEVICE float difference(double x, double c) { return __double2float_rn(__dsub_rn(x, c)); }

// Squared differences of every `step`-th value from `first` on, summed in f32.
template <class T>
DEVICE float squares(View<T> x, const Seen<T>* center, u32 first, u32 d, u32 step) {
    float sum = 0.0f;
    for (u32 j = first; j < d; j += step) {
        float t = difference(x.at(j), center[j]);
        sum = __fmaf_rn(t, t, sum);
    }
    return sum;
}

// The same of f64, of which several at a time would not fit the registers.
DEVICE float squares(View<double> x, const double* center, u32 first, u32 d, u32 step) {
    float sum = 0.0f;
#pragma unroll 1
    for (u32 j = first; j < d; j += step) {
        float t = difference(x.at(j), center[j]);
        sum = __fmaf_rn(t, t, sum);
    }
    return sum;
}

// Squared differences of this lane's row of group `q` from the staged center, summed in f32.
template <class T>
DEVICE float sum_of_squares(const BatchArguments& a, const Slice<T>& s, u32 q) {
    float own = INFINITY;
    if (a.d <= LANE_PER_ROW) {
        u32 slot = slot_of(q, a.d);
        if (slot >= s.count) return own;
        View<T> x = view_slot(a, s, slot);
        return squares(x, s.center, 0, a.d, 1);
    }
    u32 lane = threadIdx.x % WARP, warps = blockDim.x / WARP, first = q * WARP * warps + threadIdx.x / WARP;
    for (u32 owner = 0; owner < WARP && first + owner * warps < s.count; owner++) {
        View<T> x = view_slot(a, s, first + owner * warps);
        float sum = squares(x, s.center, lane, a.d, WARP);
        for (u32 width = WARP / 2; width > 0; width /= 2) sum += __shfl_xor_sync(FULL_WARP, sum, width);
        if (lane == owner) own = sum;
    }
    return own;
}

// The row's key and cutoff at its present bound; rows that may not be chosen keep the key 0.
template <class T>
DEVICE void set_slot(const BatchArguments& a, const Slice<T>& s, u32 slot, double bound) {
    u64 row = s.keys_at_row + slot;
    if (s.keys[slot] > 0) s.keys[slot] = bits(key_of(bound, a.weights, row)) + 1;
    s.cutoffs[slot] = __double2float_ru(bound * bound * (1.0 + double(a.relative)) + double(a.absolute));
}

template <class T>
DEVICE void improve(const BatchArguments& a, const Slice<T>& s, u32 slot, u32 center, double distance) {
    u64 row = s.keys_at_row + slot;
    if (distance >= a.bounds[row]) return;
    a.bounds[row] = distance;
    a.nearest[row] = center;
    set_slot(a, s, slot, distance);
}

// Applies the staged center, number `center`, to the block's rows. Every warp works on its own rows.
template <class T>
DEVICE void apply(const BatchArguments& a, Slice<T>& s, u32 center) {
    for (u32 q = 0; q < groups(s.count); q++) {
        float sum = sum_of_squares(a, s, q);
        u32 slot = slot_of(q, a.d);
        bool admitted = slot < s.count && !(sum > s.cutoffs[slot]);
        for (u32 left = __ballot_sync(FULL_WARP, admitted); left; left &= left - 1) {
            u32 owner = __ffs(left) - 1;
            u32 owned = __shfl_sync(FULL_WARP, slot, owner);
            double distance = canonical_distance(view_slot(a, s, owned), s.center, a.d, threadIdx.x % WARP);
            if (threadIdx.x % WARP == owner) improve(a, s, slot, center, distance);
            s.evaluated++;
        }
    }
}

// Stages a pool row as the center to apply. Every thread must be done with the center before, and a barrier must
// follow.
template <class T>
DEVICE void stage_row(const BatchArguments& a, const Slice<T>& s, u64 row) {
    View<T> x = {static_cast<const T*>(a.values) + row * a.d, a.norms ? a.norms[row] : 0.0};
    for (u32 j = threadIdx.x; j < a.d; j += blockDim.x) s.center[j] = x.at(j);
}

// The same for a center that was given.
template <class T>
DEVICE void stage_given(const BatchArguments& a, const Slice<T>& s, u32 center) {
    u32 row = a.given_rows[center];
    if (row != NO_CENTER) return stage_row(a, s, a.offsets[s.pool] + row);
    const Seen<T>* centers = static_cast<const Seen<T>*>(a.centers);
    for (u32 j = threadIdx.x; j < a.d; j += blockDim.x) s.center[j] = centers[u64(center) * a.d + j];
}

// Checks row `slot`, by a warp: whether a pool may hold its values. Returns its norm, 0 under euclidean.
template <class T>
DEVICE double check_row(const BatchArguments& a, const Slice<T>& s, u32 slot, u32 lane) {
    const T* x = s.values + u64(slot) * a.d;
    u64 row = s.keys_at_row + slot;
    u32 number = NO_CENTER - u32(row - a.offsets[s.pool]);
    bool fit = true;
    for (u32 j = lane; j < a.d; j += WARP) fit = fit && fits(widen(x[j]));
    if (!__all_sync(FULL_WARP, fit) && lane == 0) atomicMax(&a.results[s.pool].not_finite, number);
    if (!a.norms) return 0.0;
    double norm = canonical_norm(x, a.d, lane);
    if (lane == 0) a.norms[row] = norm;
    if (lane == 0 && norm == 0.0) atomicMax(&a.results[s.pool].without_direction, number);
    return norm;
}

// Cached rows of f32 are kept as the metric sees them, so that no pick divides again. Other types cannot hold that.
template <class T> DEVICE void keep_as_seen(T*, double, u32, u32) {}
DEVICE void keep_as_seen(float* row, double norm, u32 d, u32 lane) {
    View<float> seen = {row, norm};
    for (u32 j = lane; j < d; j += WARP) row[j] = seen.at(j);
}

// The block's slice, its memory laid out in `shared`: keys, cutoffs, the center, the values.
template <class T>
DEVICE Slice<T> slice_of(const BatchArguments& a, u64* shared) {
    u32 pool = blockIdx.x / a.group, member = blockIdx.x % a.group;
    u64 begin = a.offsets[pool], end = a.offsets[pool + 1];
    u64 each = (end - begin + a.group - 1) / a.group;
    u64 first = min(begin + member * each, end), last = min(first + each, end);
    Slice<T> s;
    s.keys_at_row = first;
    s.count = u32(last - first);
    s.keys = shared;
    s.cutoffs = reinterpret_cast<float*>(shared + a.slots);
    // Of f64, the center and the values after it begin at a multiple of 8 bytes.
    s.center = reinterpret_cast<Seen<T>*>(s.cutoffs + (sizeof(Seen<T>) == sizeof(double) ? (a.slots + 1) / 2 * 2 : a.slots));
    s.pool = pool;
    s.evaluated = 0;
    s.values = static_cast<const T*>(a.values) + first * a.d;
    return s;
}

// A barrier among the pool's blocks, the `times`-th.
template <class T>
DEVICE void meet(const BatchArguments& a, const Slice<T>& s, u32 times) {
    if (a.group == 1) return __syncthreads();
    group_barrier(&a.barriers[s.pool], times * a.group);
}

template <class T>
DEVICE void begin_slice(const BatchArguments& a, Slice<T>& s) {
    T* cache = reinterpret_cast<T*>(s.center + a.d);
    for (u64 i = threadIdx.x; a.is_cached && i < u64(s.count) * a.d; i += blockDim.x) cache[i] = s.values[i];
    if (a.is_cached) s.values = cache;
    __syncthreads();
    u32 warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
    for (u32 slot = warp; slot < s.count; slot += warps) {
        double norm = check_row(a, s, slot, threadIdx.x % WARP);
        if (a.is_cached) keep_as_seen(cache + u64(slot) * a.d, norm, a.d, threadIdx.x % WARP);
    }
    for (u32 slot = threadIdx.x; slot < s.count; slot += blockDim.x) {
        u64 row = s.keys_at_row + slot;
        s.keys[slot] = a.roles && a.roles[row] != ELIGIBLE ? 0 : 1;
        a.bounds[row] = INFINITY;
        a.nearest[row] = NO_CENTER;
        set_slot(a, s, slot, INFINITY);
    }
    meet(a, s, 1); // every block's norms are known, to the blocks that stage its rows
}
