// What selecting a frontier and settling a block of rows share.
#pragma once
#include "state.cuh"

// The select as far as it has come: rows whose code is at least (high, low), of which the last digits are still open.
struct Select {
    u64 high;
    u32 low;
    u32 wanted; // rows to reach
    u32 above;  // rows known to be above the open digits' range
    u32 done;
    u32 blocks_done;
    u32 entries; // of the list
};
static_assert(sizeof(Select) == 32);

// The list of rows at or above the threshold, `(capacity,)`.
struct List {
    u64* keys;
    u32* rows;
    u32* ranks;
    u32* slots;
    u32 capacity;
};

struct FrontierArguments {
    State state;
    Frontier frontier;
    List list;
    Select* select;
    Round* round;
    u32* histogram; // (BINS,)
    u64 n;
    u32 size; // rows wanted in the frontier
    u32 pass;
    u32 settling; // the list was made by `settle_list`: all of it belongs
    u32 staged;   // rows are staged by slot
};
static_assert(sizeof(FrontierArguments) == 192);
