// The filter's promise, as in src/backend/interval.rs: from one cheap product, an interval that holds the canonical distance.
#pragma once
#include "limits.cuh"

constexpr double SLACK = 1.0 / (1 << SLACK_BITS);
constexpr double EPSILON = 1.0 / (1ull << 52);

// The constants of a run; the fields of Rust's `Interval`.
struct Interval {
    double scale, inverse, product_error, slack, tiny, rho, width;
};
static_assert(sizeof(Interval) == 56);

// A packed row's numbers for its intervals: N = ||q||^2, e >= ||s (x - m) - q||, and ||q|| with values below half's
// normal numbers counted as the least of those, since a product's error is relative to that.
struct Operand {
    double square, norm, error;
};
static_assert(sizeof(Operand) == 24);

// A center can be within the row's limit only if base - 2 product - alpha norm - beta error <= threshold.
struct Test {
    float alpha, beta, threshold;
};
static_assert(sizeof(Test) == 12);

// A center's side of the test.
struct Terms {
    float base, norm, error, unused;
};

struct Ends {
    double lower, upper;
};

// The least normal half.
constexpr double LEAST_NORMAL = 1.0 / (1 << LEAST_NORMAL_BITS);

// The operand of a row, from the sums of q^2 and of (s (x - m) - q)^2 over the `depth` values that are multiplied, each
// sum in any order.
DEVICE Operand operand(const Interval& interval, double square, double residual, u32 depth) {
    double ulps = double(depth + 8) * EPSILON;
    double norm = __dsqrt_rn(square);
    double error = __dsqrt_rn(residual) * (1.0 + ulps) + EPSILON * norm * 2.0;
    double seen = (norm + LEAST_NORMAL * __dsqrt_rn(double(depth))) * (1.0 + ulps);
    return {square, seen, error * interval.width};
}

// The ends of the canonical distance's interval; everything if the product is not finite.
DEVICE Ends ends(const Interval& interval, const Operand& x, const Operand& c, float product) {
    if (!isfinite(product)) return {0.0, INFINITY};
    double sum = x.square + c.square;
    double p = sum - 2.0 * double(product);
    double err = interval.product_error * x.norm * c.norm + interval.slack * sum + interval.tiny;
    double e = x.error + c.error;
    double least = __dsqrt_rn(fmax(p - err, 0.0)) - e;
    double lower = fmax(least, 0.0) * interval.inverse * (1.0 - 2.0 * interval.rho);
    double upper = (__dsqrt_rn(fmax(p + err, 0.0)) + e) * interval.inverse * (1.0 + 2.0 * interval.rho);
    return {lower, upper};
}

// The test that no center within `limit`, a canonical distance, of `x` fails. Without a limit all pass, and the left side tells
// which is nearest.
DEVICE Test test_within(const Interval& interval, const Operand& x, double limit) {
    double b = limit * interval.scale * (1.0 + 2.0 * interval.rho) + x.error;
    double room = 1.0 + SLACK;
    double threshold = b * b * (1.0 + 8.0 * EPSILON) - x.square * (1.0 - interval.slack) + interval.tiny;
    Test test = {__double2float_ru(interval.product_error * x.norm * room), __double2float_ru(2.0 * b * room),
                 __double2float_ru(threshold)};
    return test.threshold < INFINITY ? test : Test{0.0f, 0.0f, INFINITY};
}

// A base below all thresholds, and finite.
constexpr double ADMITS = -1e38;

DEVICE Terms terms_of(const Interval& interval, const Operand& c) {
    double base = c.square * (1.0 - interval.slack) - c.error * c.error * (1.0 + EPSILON);
    base = base > ADMITS ? base : ADMITS; // also where it is not a number
    return {__double2float_rd(base), __double2float_ru(c.norm), __double2float_ru(c.error), 0.0f};
}

// The largest norm and error of the centers at PEAK_CENTERS places: floats of at least 0, whose bits sort as integers, and what is
// not a number above all.
struct Peak {
    u32 norm, error;
};
static_assert(sizeof(Peak) == 8);

DEVICE Peak larger(const Peak& a, const Peak& b) { return {max(a.norm, b.norm), max(a.error, b.error)}; }

DEVICE void raise(Peak* peak, const Terms& center) {
    atomicMax(&peak->norm, __float_as_uint(center.norm));
    atomicMax(&peak->error, __float_as_uint(center.error));
}

// The threshold for `base - 2 product` alone, for centers whose norm and error are at most the peak's: it excludes no
// center within the limit. If the peak is not a number the threshold is not a number either, and admits everything.
DEVICE float loosened(const Test& test, const Peak& peak) {
    float threshold = __fmaf_ru(test.alpha, __uint_as_float(peak.norm), test.threshold);
    return __fmaf_ru(test.beta, __uint_as_float(peak.error), threshold);
}

// The test's left side; below all others if it is not a number.
DEVICE float left_side(const Test& test, const Terms& c, float product) {
    float left = __fmaf_rn(-2.0f, product, c.base);
    left = __fmaf_rn(-test.alpha, c.norm, left);
    left = __fmaf_rn(-test.beta, c.error, left);
    return isnan(left) ? -INFINITY : left;
}
