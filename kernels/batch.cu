// Batch: whole selections in one launch, for pools small enough that reading them once a pick is cheap: no filter to build, no
// rounds, no host. Blocks [p g, (p + 1) g) serve pool p; with g > 1 the launch is cooperative and they meet once a pick.
//
//   values   (n, d)  in: the pools' rows, one pool after another
//   offsets  (pools + 1,)  in: pool p's rows are [offsets[p], offsets[p + 1])
//   picks, curve     out: pool p's begin at starts[p] and starts[p] + p. curve[t] is the largest key left before pick t
//   results  (pools,)  in, zeros, and out
//
// A block owns a slice of its pool's rows, cached in shared memory if it fits. For every center, a block stages the
// center and sums squared differences in f32. It evaluates the canonical distance where that sum, whose error is
// relative, may be below the row's bound. There are two barriers a pick, and one among the pool's blocks if there are
// several. O(n k d).
#include "distance.cuh"
#include "offer.cuh"
#include "order.cuh"
#include "ptx.cuh"

// The result of one pool's run.
struct PoolResult {
    u32 picks;
    u32 has_next, next_row; // the row that is next, where rows are left
    u32 not_finite;         // all ones less the lowest row with a NaN or infinity; 0 if there is none
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
    const float* centers;  // (given, d): the vector here
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
    float* center;   // (d,)
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

// Squared differences of this lane's row of group `q` from the staged center, summed in f32.
template <class T>
DEVICE float sum_of_squares(const BatchArguments& a, const Slice<T>& s, u32 q) {
    float own = INFINITY;
    if (a.d <= LANE_PER_ROW) {
        u32 slot = slot_of(q, a.d);
        if (slot >= s.count) return own;
        View<T> x = view_slot(a, s, slot);
        own = 0.0f;
        for (u32 j = 0; j < a.d; j++) {
            float t = __fsub_rn(x.at(j), s.center[j]);
            own = __fmaf_rn(t, t, own);
        }
        return own;
    }
    u32 lane = threadIdx.x % WARP, warps = blockDim.x / WARP, first = q * WARP * warps + threadIdx.x / WARP;
    for (u32 owner = 0; owner < WARP && first + owner * warps < s.count; owner++) {
        View<T> x = view_slot(a, s, first + owner * warps);
        float sum = 0.0f;
        for (u32 j = lane; j < a.d; j += WARP) {
            float t = __fsub_rn(x.at(j), s.center[j]);
            sum = __fmaf_rn(t, t, sum);
        }
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
    for (u32 j = threadIdx.x; j < a.d; j += blockDim.x) s.center[j] = a.centers[u64(center) * a.d + j];
}

// Checks row `slot`, by a warp: whether it is finite. Returns its norm, 0 under euclidean.
template <class T>
DEVICE double check_row(const BatchArguments& a, const Slice<T>& s, u32 slot, u32 lane) {
    const T* x = s.values + u64(slot) * a.d;
    u64 row = s.keys_at_row + slot;
    u32 number = NO_CENTER - u32(row - a.offsets[s.pool]);
    bool finite = true;
    for (u32 j = lane; j < a.d; j += WARP) finite = finite && isfinite(widen(x[j]));
    if (!__all_sync(FULL_WARP, finite) && lane == 0) atomicMax(&a.results[s.pool].not_finite, number);
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
    s.center = s.cutoffs + a.slots;
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

template <class T>
DEVICE Offer best_owned(const BatchArguments& a, const Slice<T>& s) {
    Offer best = {0, NO_CENTER, 0};
    for (u32 q = 0; q < groups(s.count); q++) {
        u32 slot = slot_of(q, a.d);
        if (slot < s.count && s.keys[slot] > 0) best = better(best, {s.keys[slot], u32(s.keys_at_row + slot), slot});
    }
    return best_of_warp(best);
}

// The best offer of the pool's blocks, to every thread. `turn` counts the calls.
template <class T>
DEVICE Offer best_of_pool(const BatchArguments& a, const Slice<T>& s, Offer* offers, u32 turn) {
    u32 warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
    Offer best = best_owned(a, s);
    if (lane == 0) offers[warp] = best;
    __syncthreads();
    best = best_of_warp(lane < warps ? offers[lane] : Offer{0, NO_CENTER, 0});
    if (a.group == 1) return best;
    // Two sets: a block may offer again before the others have read.
    Offer* all = a.offers + turn % OFFER_SETS * u64(gridDim.x) + s.pool * a.group;
    if (threadIdx.x == 0) all[blockIdx.x % a.group] = best;
    meet(a, s, turn + 2);
    best = {0, NO_CENTER, 0};
    for (u32 block = lane; block < a.group; block += WARP) {
        volatile Offer& offer = all[block];
        best = better(best, {offer.key, offer.row, offer.index});
    }
    return best_of_warp(best);
}

template <class T>
DEVICE void record_pick(const BatchArguments& a, const Slice<T>& s, Offer pick, u32 number, u32 center) {
    u64 start = a.starts[s.pool];
    u64 slot = pick.row - s.keys_at_row;
    bool owned = pick.row >= s.keys_at_row && slot < s.count;
    if (threadIdx.x > 0 || !owned) return;
    a.picks[start + number] = u32(pick.row - a.offsets[s.pool]);
    a.curve[start + s.pool + number] = from_bits(pick.key - 1);
    a.bounds[pick.row] = 0.0; // a center's nearest is itself
    a.nearest[pick.row] = center;
    s.keys[slot] = 0;
    s.cutoffs[slot] = -1.0f; // nothing comes nearer
}

template <class T>
DEVICE void record_end(const BatchArguments& a, const Slice<T>& s, Offer next, u32 picks) {
    PoolResult& result = a.results[s.pool];
    if (threadIdx.x % WARP == 0 && s.evaluated > 0) atomicAdd(&result.canonical, u64(s.evaluated));
    if (threadIdx.x > 0 || blockIdx.x % a.group > 0) return;
    result.picks = picks;
    result.has_next = next.key > 0;
    result.next_row = next.key > 0 ? u32(next.row - a.offsets[s.pool]) : 0;
    a.curve[a.starts[s.pool] + s.pool + picks] = next.key > 0 ? from_bits(next.key - 1) : 0.0;
}

// The first pick of a pool without centers: a row may be named; else all keys are infinite, so the lowest row is the
// best.
template <class T>
DEVICE Offer first_pick(const BatchArguments& a, const Slice<T>& s, Offer best) {
    if (a.firsts) best.row = u32(a.offsets[s.pool]) + a.firsts[s.pool];
    return best;
}

template <class T>
DEVICE void batch(const BatchArguments& a, u64* shared, Offer* offers) {
    Slice<T> s = slice_of<T>(a, shared);
    begin_slice(a, s);
    for (u32 center = 0; center < a.given; center++) {
        stage_given(a, s, center);
        __syncthreads(); // all of it is there
        apply(a, s, center);
        __syncthreads(); // nobody needs it any more
    }
    u32 budget = a.budgets[s.pool], picks = 0;
    while (true) {
        Offer best = best_of_pool(a, s, offers, picks);
        if (best.key == 0 || picks == budget || from_bits(best.key - 1) <= a.stop) {
            record_end(a, s, best, picks);
            return;
        }
        if (a.given == 0 && picks == 0) best = first_pick(a, s, best);
        stage_row(a, s, best.row);
        record_pick(a, s, best, picks, a.given + picks);
        __syncthreads(); // the center is there, its row is gone, and the offers have been read
        apply(a, s, a.given + picks);
        picks++;
    }
}

#define ENTRY(dtype, T)                                       \
    KERNEL(batch_##dtype, BatchArguments, BATCH_THREADS, 1) { \
        DYNAMIC_SHARED(u64, shared);                          \
        SHARED(offers, Offer[WARP]);                          \
        batch<T>(a, shared, offers);                          \
    }
DTYPES(ENTRY)
