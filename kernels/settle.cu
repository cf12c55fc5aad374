// Settling: every row is refreshed once more, in blocks of consecutive rows that take the frontier's place.
//
//   start  grid-stride over n      excluded rows come back: only the order left them out
//
// `frontier` lists a block's rows.
#include "state.cuh"

struct SettleArguments {
    State state;
    const u8* roles; // (n,)
    u64 n;
};
static_assert(sizeof(SettleArguments) == 48);

KERNEL(settle_start, SettleArguments, THREADS, 1) {
    u64 stride = u64(gridDim.x) * blockDim.x;
    for (u64 row = u64(blockIdx.x) * blockDim.x + threadIdx.x; row < a.n; row += stride) {
        if (a.roles[row] != EXCLUDED) continue;
        a.state.bounds[row] = INFINITY;
        a.state.nearest[row] = NO_CENTER;
        a.state.seen[row] = 0;
    }
}
