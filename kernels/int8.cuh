// Rows as int8 values, as on the CPU (src/backend/cpu/int8/): what is kept of a row, and the numbers of its intervals.
#pragma once
#include "state.cuh"
#include "tile.cuh"

// What is known of a row's int8 values q, in units of the quantizer's scale.
struct Int8Numbers {
    float step;  // the row is near m + step q
    u32 square;  // ||q||^2
    float error; // at least ||x - m - step q||
};
static_assert(sizeof(Int8Numbers) == 12);

// Every row of the pool as int8 values: `depth` bytes and 12 more a row.
struct Int8Copy {
    u8* values;           // (n, depth), padded with zeros
    Int8Numbers* numbers; // (n,)
    double rescale;       // the scale of the intervals over the quantizer's, a power of two
    u32 depth;
};
static_assert(sizeof(Int8Copy) == 32);

// A row's step in units of the intervals' scale. Where that is no normal number, what it loses is nothing beside `tiny`.
DEVICE float int8_step(const Int8Numbers& row, double rescale) { return __double2float_rn(double(row.step) * rescale); }

// The operand of a row. The square of a step has 48 bits, so only the last product rounds: SLACK covers it.
DEVICE Operand int8_operand(const Interval& interval, const Int8Numbers& row, double rescale) {
    double step = double(row.step) * rescale, square = double(row.square);
    double norm = step * __dsqrt_rn(square) * (1.0 + 4.0 * EPSILON);
    return {step * step * square, norm, double(row.error) * rescale * interval.width};
}

// The product of two rows, in either order, from that of their int8 values, which is exact. Three roundings: the interval's product
// error covers four.
DEVICE float int8_product(i32 sum, float one_step, float other_step) {
    return __fmul_rn(__int2float_rn(sum), __fmul_rn(one_step, other_step));
}
