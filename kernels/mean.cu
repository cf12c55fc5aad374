// Mean: the pool's mean as the contract defines it, and the row nearest to it.
//
//   sums      one thread a dimension and block of rows   f64 sums over 1,024 consecutive rows, `(blocks, d)`
//   total     one thread a dimension                     those sums added in the order of the blocks
//   distance  one warp a row                             the least canonical distance of an eligible row from the mean
//   nearest   one warp a row                             the lowest row at that distance
//
// Three reads of the pool: `nearest` evaluates again what `distance` found, so that no distance is stored.
#include "distance.cuh"
#include "order.cuh"

struct MeanArguments {
    Rows rows;
    const u8* roles; // (n,)
    double* sums;    // (blocks, d)
    double* mean;    // (d,), in and out: the total so far
    u64* least;      // the least distance, bits; all ones before
    u32* nearest;    // all ones before
    u64 n;
    u64 first_block; // of the pool's blocks, the first that `sums` holds
    double count;    // rows counted, after the last block; else 0
    u32 blocks;      // that `sums` holds
    u32 d;
};
static_assert(sizeof(MeanArguments) == 88);

template <class T>
DEVICE void sums(const MeanArguments& a) {
    u32 j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= a.d) return;
    for (u32 block = blockIdx.y; block < a.blocks; block += gridDim.y) {
        u64 first = (a.first_block + block) * MEAN_BLOCK;
        double sum = 0.0;
        for (u64 row = first; row < min(a.n, first + MEAN_BLOCK); row++)
            if (a.roles[row] != EXCLUDED) sum = __dadd_rn(sum, double(view<T>(a.rows, row, row, a.d).at(j)));
        a.sums[u64(block) * a.d + j] = sum;
    }
}

KERNEL(mean_total, MeanArguments, THREADS, 1) {
    u32 j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= a.d) return;
    double total = a.mean[j];
    for (u32 block = 0; block < a.blocks; block++) total = __dadd_rn(total, a.sums[u64(block) * a.d + j]);
    a.mean[j] = a.count > 0.0 ? __ddiv_rn(total, a.count) : total;
}

// Calls `found(row, distance)` for every eligible row, by a warp each.
template <class T, class Found>
DEVICE void for_eligible(const MeanArguments& a, Found found) {
    u64 warps = u64(gridDim.x) * blockDim.x / WARP, warp = (u64(blockIdx.x) * blockDim.x + threadIdx.x) / WARP;
    u32 lane = threadIdx.x % WARP;
    for (u64 row = warp; row < a.n; row += warps) {
        if (a.roles[row] != ELIGIBLE) continue;
        double distance = canonical_distance(view<T>(a.rows, row, row, a.d), vector(a.mean), a.d, lane);
        if (lane == 0) found(u32(row), bits(distance));
    }
}

template <class T>
DEVICE void distance(const MeanArguments& a) {
    for_eligible<T>(a, [&](u32, u64 distance) { atomicMin(a.least, distance); });
}

template <class T>
DEVICE void nearest(const MeanArguments& a) {
    for_eligible<T>(a, [&](u32 row, u64 distance) {
        if (distance == *a.least) atomicMin(a.nearest, row);
    });
}

#define ENTRY(dtype, T)                                                          \
    KERNEL(mean_sums_##dtype, MeanArguments, THREADS, 1) { sums<T>(a); }         \
    KERNEL(mean_distance_##dtype, MeanArguments, THREADS, 1) { distance<T>(a); } \
    KERNEL(mean_nearest_##dtype, MeanArguments, THREADS, 1) { nearest<T>(a); }
DTYPES(ENTRY)
