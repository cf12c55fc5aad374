// Refine: the canonical distance decides among each frontier row's candidates, by one warp a row.
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
    const float* centers; // (m, d)
    u32 end;              // centers applied once this is done, at most
    u32 d;
};
static_assert(sizeof(RefineArguments) == 144);

struct Nearest {
    double bound;
    u32 center;
    u32 evaluated;
};

template <class T>
DEVICE void consider(const RefineArguments& a, View<T> x, u32 center, Nearest& nearest, u32 lane) {
    double distance = canonical_distance(x, vector(a.centers + u64(center) * a.d), a.d, lane);
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

template <class T>
DEVICE void refine(const RefineArguments& a) {
    if (a.round->ceiling == 0) return;
    u32 warps = gridDim.x * blockDim.x / WARP, warp = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP;
    u32 end = min(a.end, a.round->centers);
    u64 evaluations = 0, canonical = 0, refreshed = 0;
    for (u32 slot = warp; slot < a.round->count; slot += warps) {
        u32 row = a.frontier.rows[slot], seen = a.frontier.seen[slot];
        Nearest nearest = {a.state.bounds[row], a.state.nearest[row], 0};
        refine_row<T>(a, slot, end, lane, nearest);
        evaluations += seen < end ? end - seen : 0;
        canonical += nearest.evaluated;
        refreshed++;
        __syncwarp(); // every lane has read the row's state
        if (lane != 0) continue;
        a.state.bounds[row] = nearest.bound;
        a.state.nearest[row] = nearest.center;
        a.state.seen[row] = end;
    }
    if (lane != 0 || refreshed == 0) return;
    atomicAdd(&a.round->counts.evaluations, evaluations);
    atomicAdd(&a.round->counts.refresh_canonical, canonical);
    atomicAdd(&a.round->counts.refreshed_rows, refreshed);
}

#define ENTRY(dtype, T) \
    KERNEL(refine_##dtype, RefineArguments, 256, 1) { refine<T>(a); }
DTYPES(ENTRY)
