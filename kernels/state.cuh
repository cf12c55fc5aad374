// The structs that the rounds' kernels share: the pool's state, the frontier, and what a round answers.
#pragma once
#include "interval.cuh"
#include "order.cuh"
#include "rows.cuh"

// Per row of the pool, `(n,)`.
struct State {
    double* bounds;       // LEFT for rows that left the order
    u32* nearest;         // center number
    u32* seen;            // centers applied
    const float* weights; // null without weights
};

// Counts of all rounds so far; many launches add to them.
struct Counts {
    u64 evaluations, tile_evaluations, refresh_canonical, refreshed_rows;
    u64 pick_evaluations, pick_canonical;
    u64 settled_rows; // open rows that refine made exact
};

// What a round found. The host reads it once, at the round's end. The next round may be queued before that: it finds
// here what it needs to know of this one. docs/kernels.md says who writes and who reads each word.
struct Round {
    u32 count;   // frontier rows
    u32 live;    // of those, the ones that precede everything outside
    u32 picks;   // picks made
    u32 applied; // of those, the ones applied to the live rows: all but picks of key 0
    u32 has_outside, outside_row;
    u32 has_next, next_row;
    u64 ceiling; // largest key in the frontier, bits
    u64 outside_key, next_key;
    u64 edge_key; // of the first row outside when the frontier was selected, bits; 0 if there was none
    Counts counts;
    u32 centers; // whose values are there when the round begins; its picks come after them
    u32 unused;
};
static_assert(sizeof(Round) == 128);

// One of a row's candidates: a center, and the lower end of the interval of its distance.
struct Reach {
    u32 center;
    float lower;
};
static_assert(sizeof(Reach) == 8);

// Rows as they are packed, by slot.
struct PackedRows {
    Test* tests; // for a row's limit, or one it had
    Operand* operands;
    F16* values; // (capacity, depth)
};

// Packed centers, as many as fit. Operands are by center number, the rest by place in the window.
struct Window {
    F16* values; // (window, depth)
    Operand* operands;
    float* bases; // beyond the last center more than any threshold
    Peak* peaks;  // by place / PEAK_CENTERS
};

// Per frontier row, by slot: `(capacity,)`.
struct Frontier {
    u32* rows;    // pool row
    u32* sources; // where the row's values are: its row, or where it was staged
    u32* seen;
    u64* limits; // no center farther than this can be the nearest: a distance's bits
    PackedRows packed;
    u32* candidate_counts;
    Reach* candidates; // (capacity, MOST_CANDIDATES)
};
