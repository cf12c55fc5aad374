// Keys, and the order of rows by them.
#pragma once
#include "limits.cuh"

constexpr double LEFT = -1.0; // bound of a row that left the order

// A row and its key. Keys are 0 or more, so their bits sort as integers.
struct Candidate {
    u64 key;
    u32 row;
};

// Larger keys first, then lower rows.
DEVICE bool precedes(Candidate a, Candidate b) { return a.key > b.key || (a.key == b.key && a.row < b.row); }

// The key of a row: its bound, times its weight where there are weights; 0 where the weight is 0, whatever the bound.
DEVICE double key_of(double bound, const float* weights, u64 row) {
    if (!weights) return bound;
    return weights[row] == 0.0f ? 0.0 : __dmul_rn(double(weights[row]), bound);
}

DEVICE u64 bits(double value) { return u64(__double_as_longlong(value)); }
DEVICE double from_bits(u64 value) { return __longlong_as_double((long long)(value)); }

// The largest double below `value`, which is positive.
DEVICE double next_down(double value) { return from_bits(bits(value) - 1); }
