// Settling: every row is refreshed once more, in blocks of consecutive rows that take the frontier's place.
//
//   start  grid-stride over n      excluded rows come back: only the order left them out
//   list   one thread a row        the block's rows that a pending center may change
//
// `frontier_order` and `frontier_place` go on from the list.
#include "frontier.cuh"

struct SettleArguments {
    FrontierArguments frontier;
    const u8* roles; // (n,)
    u64 first, end;  // the block: at most `size` rows
};
static_assert(sizeof(SettleArguments) == 216);

KERNEL(settle_start, SettleArguments, 256, 1) {
    const State& state = a.frontier.state;
    u64 stride = u64(gridDim.x) * blockDim.x;
    for (u64 row = u64(blockIdx.x) * blockDim.x + threadIdx.x; row < a.frontier.n; row += stride) {
        if (a.roles[row] != EXCLUDED) continue;
        state.bounds[row] = INFINITY;
        state.nearest[row] = NO_CENTER;
        state.seen[row] = 0;
    }
}

// Rows at distance 0 and rows that left the order cannot come nearer to a center.
KERNEL(settle_list, SettleArguments, 256, 1) {
    u64 row = a.first + u64(blockIdx.x) * blockDim.x + threadIdx.x;
    if (row >= a.end || !(a.frontier.state.bounds[row] > 0.0)) return;
    u32 entry = atomicAdd(&a.frontier.select->entries, 1u);
    a.frontier.list.rows[entry] = u32(row);
}
