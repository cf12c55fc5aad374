// Prepare: the launches before the first round.
//
//   mean    one thread a dimension    the mean of every `step`-th row: any vector near the middle serves the filter
//   reach   one warp a center         how far centers lie from that mean
//   check   one warp a row            first row of a value that no pool holds, or without a direction; canonical norms. Reads the rows once
//   first   one warp a row            canonical distance to center 0: bound, nearest, seen. Reads the rows once
#include "distance.cuh"
#include "state.cuh"

struct PrepareMeanArguments {
    Rows rows;  // counted from 0
    void* mean; // (d,), out
    u64 count;  // rows at `rows`
    u32 d, step;
};
static_assert(sizeof(PrepareMeanArguments) == 40);

struct PrepareReachArguments {
    const void* centers; // (m, d)
    const void* mean;    // (d,)
    u64* farthest;       // in and out: the largest distance found, bits
    u32 first, end;      // centers
    u32 d;
};
static_assert(sizeof(PrepareReachArguments) == 40);

// Rows [first, first + count) lie at `values`, counted from 0.
struct PrepareCheckArguments {
    const void* values;
    double* norms;   // (n,), out; null under euclidean
    u32* not_finite; // in and out: the lowest such row
    u32* without_direction;
    u64 first, count;
    u32 d;
};
static_assert(sizeof(PrepareCheckArguments) == 56);

// Rows [first, first + count) lie at `rows`, counted from 0.
struct PrepareFirstArguments {
    Rows rows;
    State state;        // out
    const u8* roles;    // (n,)
    const void* center; // (d,)
    u64* farthest;      // in and out: the largest distance found, bits
    u64 first, count;
    u32 d;
};
static_assert(sizeof(PrepareFirstArguments) == 96);

template <class T>
DEVICE void mean(const PrepareMeanArguments& a) {
    u32 j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= a.d) return;
    double sum = 0.0, sampled = 0.0;
    for (u64 row = 0; row < a.count; row += a.step, sampled += 1.0) sum += view<T>(a.rows, row, row, a.d).at(j);
    static_cast<Seen<T>*>(a.mean)[j] = Seen<T>(sum / sampled);
}

template <class S>
DEVICE void reach(const PrepareReachArguments& a) {
    const S* centers = static_cast<const S*>(a.centers);
    const S* mean = static_cast<const S*>(a.mean);
    u32 warps = gridDim.x * blockDim.x / WARP, warp = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP;
    for (u32 center = a.first + warp; center < a.end; center += warps) {
        View<S> x = {centers + u64(center) * a.d, 0.0};
        double distance = canonical_distance(x, vector(mean), a.d, lane);
        if (lane == 0) atomicMax(a.farthest, bits(distance));
    }
}

template <class T>
DEVICE bool all_fit(const T* x, u32 d, u32 lane) {
    bool fit = true;
    for (u32 j = lane; j < d; j += WARP) fit = fit && fits(widen(x[j]));
    return __all_sync(FULL_WARP, fit);
}

template <class T>
DEVICE void check(const PrepareCheckArguments& a) {
    u64 warps = u64(gridDim.x) * blockDim.x / WARP, warp = (u64(blockIdx.x) * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP;
    for (u64 i = warp; i < a.count; i += warps) {
        const T* x = static_cast<const T*>(a.values) + i * a.d;
        if (!all_fit(x, a.d, lane) && lane == 0) atomicMin(a.not_finite, u32(a.first + i));
        if (!a.norms) continue;
        double norm = canonical_norm(x, a.d, lane);
        if (lane != 0) continue;
        a.norms[a.first + i] = norm;
        if (norm == 0.0) atomicMin(a.without_direction, u32(a.first + i));
    }
}

template <class T>
DEVICE void first(const PrepareFirstArguments& a) {
    u64 warps = u64(gridDim.x) * blockDim.x / WARP, warp = (u64(blockIdx.x) * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP;
    const Seen<T>* center = static_cast<const Seen<T>*>(a.center);
    double farthest = 0.0;
    for (u64 i = warp; i < a.count; i += warps) {
        u64 row = a.first + i;
        double distance = canonical_distance(view<T>(a.rows, i, row, a.d), vector(center), a.d, lane);
        farthest = fmax(farthest, distance);
        if (lane != 0) continue;
        a.state.bounds[row] = a.roles[row] == ELIGIBLE ? distance : LEFT;
        a.state.nearest[row] = 0;
        a.state.seen[row] = 1;
    }
    if (lane == 0) atomicMax(a.farthest, bits(farthest));
}

#define ENTRY(dtype, T)                                                               \
    KERNEL(prepare_mean_##dtype, PrepareMeanArguments, THREADS, 1) { mean<T>(a); }    \
    KERNEL(prepare_check_##dtype, PrepareCheckArguments, THREADS, 1) { check<T>(a); } \
    KERNEL(prepare_first_##dtype, PrepareFirstArguments, THREADS, 1) { first<T>(a); }
DTYPES(ENTRY)
#undef ENTRY

#define ENTRY(dtype, S) \
    KERNEL(prepare_reach_##dtype, PrepareReachArguments, THREADS, 1) { reach<S>(a); }
SEEN(ENTRY)
