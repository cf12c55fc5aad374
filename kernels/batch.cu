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
#include "slice.cuh"

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
