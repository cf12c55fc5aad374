// Shard: what a device that holds a part of a pool does in the place of picking. The host picks, among the rows of all shards.
//
//   shard_states  one thread a slot    the states of the frontier's rows, for the host
//   shard_place   one thread a slot    rows that the host names take the slots: those of the frontier that are to be refreshed
//   shard_lower   one thread a row     states that the host sends back
#include "frontier.cuh"

// A row's state as it travels.
struct RowState {
    double bound;
    u32 center, seen;
};
static_assert(sizeof(RowState) == 16);

struct ShardStatesArguments {
    State state;
    Frontier frontier;
    const Round* round;
    RowState* states; // (capacity,), out: by slot
};
static_assert(sizeof(ShardStatesArguments) == 120);

struct ShardPlaceArguments {
    State state;
    Frontier frontier; // in: the first `count` rows, of like `seen` neighbours; out: the rest, of these slots
    Round* round;
    u32 count;
    u32 staged; // rows are staged by slot
};
static_assert(sizeof(ShardPlaceArguments) == 120);

struct ShardLowerArguments {
    State state;            // out
    const u32* rows;        // (count,)
    const RowState* states; // (count,)
    u32 count;
};
static_assert(sizeof(ShardLowerArguments) == 56);

DEVICE u32 own_index() { return blockIdx.x * THREADS + threadIdx.x; }

KERNEL(shard_states, ShardStatesArguments, THREADS, 1) {
    u32 slot = own_index();
    if (slot >= a.round->count) return;
    u32 row = a.frontier.rows[slot];
    a.states[slot] = {a.state.bounds[row], a.state.nearest[row], a.state.seen[row]};
}

KERNEL(shard_place, ShardPlaceArguments, THREADS, 1) {
    u32 slot = own_index();
    if (slot == 0) a.round->count = a.count;
    if (slot >= a.count) return;
    u32 row = a.frontier.rows[slot];
    place(a.state, a.frontier, a.staged, slot, row, pending_from(a.state, row));
}

KERNEL(shard_lower, ShardLowerArguments, THREADS, 1) {
    u32 index = own_index();
    if (index >= a.count) return;
    u32 row = a.rows[index];
    a.state.bounds[row] = a.states[index].bound;
    a.state.nearest[row] = a.states[index].center;
    a.state.seen[row] = a.states[index].seen;
}
