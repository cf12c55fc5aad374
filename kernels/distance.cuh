// The canonical distance, by one warp: the same bits as src/distance.rs.
#pragma once
#include "rows.cuh"

// Partial sum `lane` of 32, folded 16, 8, 4, 2, 1. Adding in either order gives the same bits, so every lane ends with the sum.
DEVICE double fold(double partial) {
    for (u32 width = 16; width > 0; width /= 2) partial = __dadd_rn(partial, __shfl_xor_sync(FULL_WARP, partial, width));
    return partial;
}

// Canonical distance of `x` from the vector `c`, `(d,)`. All lanes of a warp call it and all get the result.
template <class T, class C>
DEVICE double canonical_distance(View<T> x, const C* c, u32 d, u32 lane) {
    double partial = 0.0;
    for (u32 j = lane; j < d; j += WARP) {
        double t = __dsub_rn(double(x.at(j)), double(c[j]));
        partial = __fma_rn(t, t, partial);
    }
    return __dsqrt_rn(fold(partial));
}

// The same between two rows of the pool.
template <class T>
DEVICE double canonical_distance(View<T> x, View<T> c, u32 d, u32 lane) {
    double partial = 0.0;
    for (u32 j = lane; j < d; j += WARP) {
        double t = __dsub_rn(double(x.at(j)), double(c.at(j)));
        partial = __fma_rn(t, t, partial);
    }
    return __dsqrt_rn(fold(partial));
}

// Canonical norm: the canonical distance from the origin.
template <class T>
DEVICE double canonical_norm(const T* x, u32 d, u32 lane) {
    double partial = 0.0;
    for (u32 j = lane; j < d; j += WARP) {
        double t = double(widen(x[j]));
        partial = __fma_rn(t, t, partial);
    }
    return __dsqrt_rn(fold(partial));
}
