// Open: what a refresh on int8 values leaves of the frontier's rows. No canonical distance is evaluated here.
//
//   open_rows     one thread a slot        bounds become the upper ends of intervals; `seen` goes back to the first center in doubt
//   open_sources  one thread a live row    where the values of live rows are to be staged, and which rows they are
//
// A row without a candidate is exact: none of its pending centers can be nearer than its bound. A row with candidates is *open*: its
// bound is set just above the least upper end, and its candidates are pending again, from the first of them on. So whatever refreshes
// the row next, this round's refine or a later round, finds the nearest of them. Only rows that are live are refined.
#include "int8.cuh"

struct OpenArguments {
    State state;
    Frontier frontier;
    Round* round;
    const u32* live_slots; // (capacity,)
    u32* live_rows;        // (capacity,), out: pool rows
    u32 end;               // centers applied, at most
};
static_assert(sizeof(OpenArguments) == 136);

// The first of a row's pending centers that may be its nearest; `end` if none is.
DEVICE u32 first_in_doubt(const OpenArguments& a, u32 slot, double limit, u32 end) {
    u32 count = a.frontier.candidate_counts[slot], first = end;
    if (count > MOST_CANDIDATES) return a.frontier.seen[slot];
    for (u32 i = 0; i < count; i++) {
        Reach reach = a.frontier.candidates[u64(slot) * MOST_CANDIDATES + i];
        if (!(double(reach.lower) > limit)) first = min(first, reach.center);
    }
    return first;
}

// Returns how many centers were pending.
DEVICE u32 open_row(const OpenArguments& a, u32 slot, u32 end) {
    u32 row = a.frontier.rows[slot], seen = a.frontier.seen[slot];
    double bound = a.state.bounds[row], limit = from_bits(a.frontier.limits[slot]);
    u32 first = first_in_doubt(a, slot, limit, end);
    a.state.seen[row] = first;
    if (first < end && limit < bound) a.state.bounds[row] = from_bits(bits(limit) + 1);
    return seen < end ? end - seen : 0;
}

KERNEL(open_rows, OpenArguments, THREADS, 1) {
    if (a.round->ceiling == 0) return;
    u32 slot = blockIdx.x * THREADS + threadIdx.x, end = min(a.end, a.round->centers);
    bool exists = slot < a.round->count;
    u64 pending = exists ? open_row(a, slot, end) : 0;
    for (u32 width = WARP / 2; width > 0; width /= 2) pending += __shfl_xor_sync(FULL_WARP, pending, width);
    u32 rows = __popc(__ballot_sync(FULL_WARP, exists));
    if (threadIdx.x % WARP != 0 || rows == 0) return;
    atomicAdd(&a.round->counts.evaluations, pending);
    atomicAdd(&a.round->counts.refreshed_rows, u64(rows));
}

KERNEL(open_sources, OpenArguments, THREADS, 1) {
    u32 index = blockIdx.x * THREADS + threadIdx.x;
    if (index >= a.round->live) return;
    u32 slot = a.live_slots[index];
    a.frontier.sources[slot] = index;
    a.live_rows[index] = a.frontier.rows[slot];
}
