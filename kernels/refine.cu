// Refine: the canonical distance decides among each frontier row's candidates, by one warp a row. After a refresh on int8 values it
// does so for live rows alone.
//
// Strictly nearer replaces; of equally near centers the earliest wins. A row with more candidates than were kept is evaluated
// against all its pending centers.
#include "distance.cuh"
#include "state.cuh"

struct RefineArguments {
    Rows rows;
    State state;
    Frontier frontier;
    Round* round;
    const void* centers;   // (m, d)
    const u32* live_slots; // (live,), the slots to refine; null: all of the frontier
    u32 end;               // centers applied once this is done, at most
    u32 d;
};
static_assert(sizeof(RefineArguments) == 152);

struct Nearest {
    double bound;
    u32 center;
    u32 evaluated;
};

template <class T>
DEVICE void consider(const RefineArguments& a, View<T> x, u32 center, Nearest& nearest, u32 lane) {
    const Seen<T>* centers = static_cast<const Seen<T>*>(a.centers);
    double distance = canonical_distance(x, vector(centers + u64(center) * a.d), a.d, lane);
    nearest.evaluated++;
    if (distance > nearest.bound || (distance == nearest.bound && center > nearest.center)) return;
    nearest.bound = distance;
    nearest.center = center;
}

template <class T>
DEVICE void refine_row(const RefineArguments& a, u32 slot, u32 end, u32 lane, Nearest& nearest) {
    View<T> x = view<T>(a.rows, a.frontier.sources[slot], a.frontier.rows[slot], a.d);
    u32 count = a.frontier.candidate_counts[slot];
    if (count > MOST_CANDIDATES) {
        for (u32 center = a.frontier.seen[slot]; center < end; center++) consider(a, x, center, nearest, lane);
        return;
    }
    double limit = from_bits(a.frontier.limits[slot]);
    for (u32 i = 0; i < count; i++) {
        Reach reach = a.frontier.candidates[u64(slot) * MOST_CANDIDATES + i];
        if (!(double(reach.lower) > limit)) consider(a, x, reach.center, nearest, lane);
    }
}

// Of a warp.
struct Refined {
    u64 evaluations, canonical, rows, settled;
};

// Adds to the round's counts once a block. If every warp did, all warps of the device would wait for the same counters.
DEVICE void count_refined(const RefineArguments& a, Refined* of_warps, const Refined& own) {
    if (threadIdx.x % WARP == 0) of_warps[threadIdx.x / WARP] = own;
    __syncthreads(); // every warp's are there
    if (threadIdx.x != 0) return;
    Refined all = {};
    for (u32 warp = 0; warp < THREADS / WARP; warp++) {
        all.evaluations += of_warps[warp].evaluations;
        all.canonical += of_warps[warp].canonical;
        all.rows += of_warps[warp].rows;
        all.settled += of_warps[warp].settled;
    }
    if (all.rows + all.settled == 0) return;
    atomicAdd(&a.round->counts.evaluations, all.evaluations);
    atomicAdd(&a.round->counts.refresh_canonical, all.canonical);
    atomicAdd(&a.round->counts.refreshed_rows, all.rows);
    atomicAdd(&a.round->counts.settled_rows, all.settled);
}

template <class T>
DEVICE void refine(const RefineArguments& a, Refined* of_warps) {
    if (a.round->ceiling == 0) return;
    u32 warps = gridDim.x * THREADS / WARP, warp = (blockIdx.x * THREADS + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP, count = a.live_slots ? a.round->live : a.round->count;
    u32 end = min(a.end, a.round->centers);
    Refined own = {};
    for (u32 i = warp; i < count; i += warps) {
        u32 slot = a.live_slots ? a.live_slots[i] : i;
        u32 row = a.frontier.rows[slot], seen = a.frontier.seen[slot];
        Nearest nearest = {a.state.bounds[row], a.state.nearest[row], 0};
        refine_row<T>(a, slot, end, lane, nearest);
        own.canonical += nearest.evaluated;
        if (a.live_slots) { // open_rows counted the others
            own.settled += nearest.evaluated > 0;
        } else {
            own.evaluations += seen < end ? end - seen : 0;
            own.rows++;
        }
        __syncwarp(); // every lane has read the row's state
        if (lane != 0) continue;
        a.state.bounds[row] = nearest.bound;
        a.state.nearest[row] = nearest.center;
        a.state.seen[row] = end;
    }
    count_refined(a, of_warps, own);
}

#define ENTRY(dtype, T)                                   \
    KERNEL(refine_##dtype, RefineArguments, THREADS, 1) { \
        SHARED(of_warps, Refined[THREADS / WARP]);        \
        refine<T>(a, of_warps);                           \
    }
DTYPES(ENTRY)
