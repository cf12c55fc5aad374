// The canonical distance, by one warp: the same bits as src/distance.rs.
#pragma once
#include "rows.cuh"

// Partial sum `lane` of 32, folded 16, 8, 4, 2, 1. Adding in either order gives the same bits, so every lane ends with the sum.
DEVICE double fold(double partial) {
    for (u32 width = 16; width > 0; width /= 2) partial = __dadd_rn(partial, __shfl_xor_sync(FULL_WARP, partial, width));
    return partial;
}

// A vector that is no row of the pool.
template <class T>
struct Vector {
    const T* values;

    DEVICE T seen(T stored) const { return stored; }
};

template <class T>
DEVICE Vector<T> vector(const T* values) {
    return {values};
}

// Canonical distance of `x` from the vector `c`, `(d,)`; one of the two is close at hand. All lanes of a warp call it
// and all get the result.
template <class T, class C>
DEVICE double canonical_distance(View<T> x, const C* c, u32 d, u32 lane) {
    double partial = 0.0;
    for (u32 j = lane; j < d; j += WARP) {
        double t = __dsub_rn(double(x.at(j)), double(c[j]));
        partial = __fma_rn(t, t, partial);
    }
    return __dsqrt_rn(fold(partial));
}

// A lane loads so many values before it needs the first, so that they arrive together; fewer where registers are
// scarce.
constexpr u32 TOGETHER = 8;
template <class T> constexpr u32 FEW_TOGETHER = sizeof(T) == sizeof(double) ? 2 : 4;

// The same distance between rows, or a row and a vector, that both lie far away.
template <u32 AT_ONCE = TOGETHER, class T, template <class> class Other, class C>
DEVICE double canonical_distance(View<T> x, Other<C> c, u32 d, u32 lane) {
    double partial = 0.0;
    for (u32 first = lane; first < d; first += AT_ONCE * WARP) {
        const T* own = x.values + first;
        const C* other = c.values + first;
        T xs[AT_ONCE];
        C cs[AT_ONCE];
#pragma unroll
        for (u32 i = 0; i < AT_ONCE; i++) {
            bool exists = first + i * WARP < d;
            xs[i] = exists ? own[i * WARP] : T{};
            cs[i] = exists ? other[i * WARP] : C{};
        }
#pragma unroll
        for (u32 i = 0; i < AT_ONCE; i++) { // past the end 0 is added to what is not below 0
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
