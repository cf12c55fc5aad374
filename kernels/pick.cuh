// The arguments for picking inside a frontier.
#pragma once
#include "state.cuh"

// Per live row, `(capacity,)`.
struct PickArguments {
    Interval interval;
    Rows rows;
    State state;
    Frontier frontier;
    Round* round;
    u32* live_slots;   // (capacity,)
    float* products;   // (capacity, capacity)
    u32* pick_rows;    // (capacity,)
    u32* pick_sources; // where their values are
    u64* pick_keys;
    double stop; // picks have keys above it
    u32 limit;   // picks at most
    u32 applied; // centers applied to every frontier row
    u32 capacity;
    u32 d, depth;
};
static_assert(sizeof(PickArguments) == 256);

DEVICE Candidate outside_of(const Round& round) {
    return round.has_outside ? Candidate{round.outside_key, round.outside_row} : Candidate{0, NO_CENTER};
}
