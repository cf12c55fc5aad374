// The canonical distance, by one warp: the same bits as src/distance.rs.
#pragma once
#include "rows.cuh"

// Partial sum `lane` of 32, folded 16, 8, 4, 2, 1. Adding in either order gives the same bits, so every lane ends with the sum.
DEVICE double fold(double partial) {
    for (u32 width = 16; width > 0; width /= 2) partial = __dadd_rn(partial, __shfl_xor_sync(FULL_WARP, partial, width));
    return partial;
}

// Values of a vector that a lane loads before it needs the first: they arrive together.
constexpr u32 TOGETHER = 4;

// A vector that is no row of the pool.
template <class T>
struct Vector {
    using Stored = T;
    const T* values;

    DEVICE T seen(T stored) const { return stored; }
};

template <class T>
DEVICE Vector<T> vector(const T* values) {
    return {values};
}

// Canonical distance between two vectors, `(d,)`. All lanes of a warp call it and all get the result.
template <class X, class C>
DEVICE double canonical_distance(X x, C c, u32 d, u32 lane) {
    double partial = 0.0;
    for (u32 first = lane; first < d; first += TOGETHER * WARP) {
        const typename X::Stored* own = x.values + first;
        const typename C::Stored* other = c.values + first;
        typename X::Stored xs[TOGETHER];
        typename C::Stored cs[TOGETHER];
#pragma unroll
        for (u32 i = 0; i < TOGETHER; i++) {
            bool exists = first + i * WARP < d;
            xs[i] = exists ? own[i * WARP] : typename X::Stored{};
            cs[i] = exists ? other[i * WARP] : typename C::Stored{};
        }
#pragma unroll
        for (u32 i = 0; i < TOGETHER; i++) { // past the end 0 is added to what is not below 0
            double t = __dsub_rn(double(x.seen(xs[i])), double(c.seen(cs[i])));
            partial = __fma_rn(t, t, partial);
        }
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
