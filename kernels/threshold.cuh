// The threshold of a frontier: the code (key, ~row) above which rows belong, found digit by digit from the highest. The first digits may
// count from a base near the last frontier's keys.
#pragma once
#include "state.cuh"

constexpr u32 DIGIT_BITS = 12;
constexpr u32 SPAN_BITS = 53; // keys from a quarter of the largest on differ in these
constexpr u32 LEAST_SPAN_BITS = 20;
static_assert((FRONTIER_PASSES - 2) * DIGIT_BITS == 96 && FRONTIER_BINS == 1 << DIGIT_BITS);

// How far the select has come. The edge is the rows from `first` to `last`: their codes agree in all but the last
// `open` bits.
struct Threshold {
    u64 base; // keys count from here, and those below it alike
    u64 high; // the bits that agree
    u32 low;
    u32 open;
    Candidate first, last;
    u32 above; // rows above the edge
    u32 edge;
    u32 span; // bits in which keys differ from `base` on; 0 if it counts from no base
};

constexpr u32 UNKNOWN = ~0u; // rows at the edge, before they are counted

constexpr Candidate BEFORE_ALL = {~u64(0), 0}, BEHIND_ALL = {0, NO_CENTER};

DEVICE u64 key_above(u64 base, u64 key) { return key > base ? key - base : 0; }

// -1, 0 or 1: the row is below the edge, at it, or above.
DEVICE i32 side(const Threshold& t, u64 key, u32 row) {
    if (precedes({key, row}, t.first)) return 1;
    return precedes(t.last, {key, row}) ? -1 : 0;
}

DEVICE u32 open_after(u32 open) { return open > DIGIT_BITS ? open - DIGIT_BITS : 0; }

// The code's bits from `open_after(open)` to `open`.
DEVICE u32 digit(const Threshold& t, u64 key, u32 row) {
    u64 high = key_above(t.base, key);
    u32 next = open_after(t.open);
    u32 bits = next >= 32 ? u32(high >> (next - 32)) : u32(high << (32 - next)) | ~row >> next;
    return bits & ((1u << (t.open - next)) - 1);
}

// Counts keys from the last ceiling down to 2^span below it; keys further below count as one. Counts whole keys where
// there is no such base.
DEVICE Threshold open_threshold(u64 ceiling, u32 span) {
    if (span > SPAN_BITS || ceiling >> span == 0) return {0, 0, 0, 96, BEFORE_ALL, BEHIND_ALL, 0, UNKNOWN, 0};
    return {ceiling + 1 - (u64(1) << span), 0, 0, span + 32, BEFORE_ALL, BEHIND_ALL, 0, UNKNOWN, span};
}

// The last frontier's keys reached from its ceiling to its edge. This frontier's keys are looked for in four to eight
// times that span.
DEVICE Threshold first_threshold(const Round& last) {
    if (last.edge_key == 0) return open_threshold(last.ceiling, SPAN_BITS);
    u32 reached = 64 - u32(__clzll(i64((last.ceiling - last.edge_key) | 1)));
    return open_threshold(last.ceiling, min(max(reached + 2, LEAST_SPAN_BITS), SPAN_BITS));
}

// The threshold to start again with, where `failed` did not reach far enough.
DEVICE Threshold next_threshold(const Threshold& failed, u64 ceiling) {
    return open_threshold(ceiling, failed.span < SPAN_BITS ? SPAN_BITS : SPAN_BITS + 1);
}

// In the first pass of a count from a base, the lowest bin has all keys below the base.
DEVICE bool is_lowest(const Threshold& t, u32 value) { return t.span > 0 && value == 0 && t.open == t.span + 32; }

DEVICE void fix_digit(Threshold& t, u32 value) {
    u32 next = open_after(t.open);
    bool has_all_below = is_lowest(t, value);
    u64 span = 0;
    if (next >= 32) {
        t.high |= u64(value) << (next - 32);
        span = (u64(1) << (next - 32)) - 1;
    } else {
        t.high |= u64(value) << next >> 32;
        t.low |= value << next;
    }
    u32 rows = next >= 32 ? ~0u : (1u << next) - 1;
    t.first = {t.base + t.high + span, ~(t.low | rows)};
    t.last = {has_all_below ? 0 : t.base + t.high, ~t.low};
    t.open = next;
}
