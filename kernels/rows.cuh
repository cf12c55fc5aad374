// Rows as they are stored and as the metric sees them.
#pragma once
#include "ptx.cuh"

// Every storage type, for entry points: ENTRY(name in Rust, type here).
#define DTYPES(ENTRY) ENTRY(f64, double) ENTRY(f32, float) ENTRY(f16, F16) ENTRY(bf16, Bf16) ENTRY(u8, u8) ENTRY(i8, signed char)

// The type of a value as the metric sees it: f64 of f64 rows, else f32. Centers' values and the mean of the filter are kept in it.
template <class T> struct SeenAs {
    using type = float;
};
template <> struct SeenAs<double> {
    using type = double;
};
template <class T> using Seen = typename SeenAs<T>::type;

// Both of them, for entry points that read no stored row.
#define SEEN(ENTRY) ENTRY(f64, double) ENTRY(f32, float)

// Whether a pool may hold this value.
DEVICE bool fits(float x) { return isfinite(x); }
DEVICE bool fits(double x) { return fabs(x) <= 0x1.fffffep127; }

// The address of rows of `d` values that lie one after another, and of their canonical norms under cosine; null under
// euclidean.
struct Rows {
    const void* values;
    const double* norms;
};

// One row under the metric. A norm of 0 stands for euclidean: no row has it under cosine.
template <class T>
struct View {
    const T* values;
    double norm;

    DEVICE Seen<T> at(u32 j) const { return seen(values[j]); }

    // A stored value of the row as the metric sees it.
    DEVICE Seen<T> seen(T stored) const {
        Seen<T> value = widen(stored);
        return norm == 0.0 ? value : __double2float_rn(__ddiv_rn(double(value), norm));
    }
};

// Row `index` of `rows`, whose norm is that of pool row `row`: the two differ where rows were staged.
template <class T>
DEVICE View<T> view(const Rows& rows, u64 index, u64 row, u32 d) {
    return {static_cast<const T*>(rows.values) + index * d, rows.norms ? rows.norms[row] : 0.0};
}
