// The arguments for selecting a frontier, or for listing a block of rows to settle; how a row takes a slot.
#pragma once
#include "state.cuh"

// The counters that the blocks share; zeros between launches.
struct Select {
    u64 ceiling; // largest key found, bits
    u32 arrived; // at barriers
    u32 finished;
    u32 entries; // rows listed
    u32 edge;    // rows at the edge
};
static_assert(sizeof(Select) == 24);

// The rows that belong to the frontier for certain, and those at its edge.
struct List {
    u64* codes;     // (capacity,), the rows that belong: by these they are ordered
    u32* slots;     // (capacity,), zeros between launches
    u64* edge_keys; // (EDGE,)
    u32* edge_rows;
};

struct FrontierArguments {
    State state;
    Frontier frontier;
    List list;
    Select* select;
    Round* round;
    u32* histograms; // (FRONTIER_PASSES, FRONTIER_BINS), zeros between launches
    u64 first, end;  // rows to look at
    u32 size;        // rows wanted in the frontier
    u32 settling;    // every row belongs that a pending center may change and that precedes the floor: `size` at most
    u32 staged;      // rows are staged by slot
    u32 floor_row;
    u64 floor_key;
};
static_assert(sizeof(FrontierArguments) == 200);

// The first center pending for `row`. To a row at distance 0 none comes nearer, so none is pending.
DEVICE u32 pending_from(const State& state, u32 row) { return state.bounds[row] > 0.0 ? state.seen[row] : NO_CENTER; }

// Fills `slot` with `row`, for which centers from `seen` on are pending, as its refresh needs it.
DEVICE void place(const State& state, const Frontier& frontier, u32 staged, u32 slot, u32 row, u32 seen) {
    double bound = state.bounds[row];
    frontier.rows[slot] = row;
    frontier.sources[slot] = staged ? slot : row;
    frontier.seen[slot] = seen;
    frontier.limits[slot] = bound > 0.0 ? bits(next_down(bound)) : 0;
    frontier.candidate_counts[slot] = 0;
}
