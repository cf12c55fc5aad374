// The arguments for selecting a frontier, or for listing a block of rows to settle.
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
    u32 settling;    // every row belongs that a pending center may change: `size` at most
    u32 staged;      // rows are staged by slot
};
static_assert(sizeof(FrontierArguments) == 192);
