// The frontier: the `size` rows that precede all others by (key, lowest row), and the first row outside.
//
// A radix select narrows a threshold on the 96-bit code (key bits, ~row), 12 bits a pass, until the rows at or above it fit a
// list; ranks by counting then cut the list exactly. No step depends on the order in which threads arrive.
//
//   start      one block or more        clears the counters
//   histogram  grid-stride over n       8 launches; those after the threshold is found return at once. Reads 8 n bytes each
//   compact    grid-stride over n       the list of rows at or above the threshold
//   rank       list x list              each one's rank by (key, row)
//   order      list x list              of the first `size`, each one's slot: rows of like `seen` are neighbours
//   place      one thread an entry      fills the slots
#include "frontier.cuh"

constexpr u32 DIGIT_BITS = 12;
constexpr u32 BINS = 1 << DIGIT_BITS;
constexpr u32 THREADS = 256;
constexpr u32 CHUNK = 1024; // list entries that a block of `rank` or `order` compares against

KERNEL(frontier_start, FrontierArguments, 256, 1) {
    u32 thread = blockIdx.x * blockDim.x + threadIdx.x;
    for (u32 i = thread; i < BINS; i += gridDim.x * blockDim.x) a.histogram[i] = 0;
    for (u32 i = thread; i < a.list.capacity; i += gridDim.x * blockDim.x) a.list.ranks[i] = a.list.slots[i] = 0;
    if (thread > 0) return;
    Round before = *a.round;
    Round now = {};
    now.counts = before.counts; // of all rounds
    now.centers = before.centers + before.picks;
    now.finished = before.finished | before.has_next;
    *a.round = now;
    *a.select = Select{0, 0, a.size + 1, 0, now.finished, 0, 0};
}

// 12 bits of the code, the most significant first.
DEVICE u32 digit(u64 high, u32 low, u32 pass) {
    if (pass < 5) return u32(high >> (52 - DIGIT_BITS * pass)) & (BINS - 1);
    if (pass == 5) return (u32(high) & 15) << 8 | low >> 24;
    return low >> (DIGIT_BITS * (7 - pass)) & (BINS - 1);
}

// Whether the code's digits before `pass` are the threshold's.
DEVICE bool within(const Select& select, u64 high, u32 low, u32 pass) {
    if (pass <= 5) return pass == 0 || high >> (64 - DIGIT_BITS * pass) == select.high >> (64 - DIGIT_BITS * pass);
    u32 open = 96 - DIGIT_BITS * pass;
    return high == select.high && low >> open == select.low >> open;
}

DEVICE void fix_digit(Select& select, u32 value, u32 pass) {
    if (pass < 5)
        select.high |= u64(value) << (52 - DIGIT_BITS * pass);
    else if (pass > 5)
        select.low |= value << (DIGIT_BITS * (7 - pass));
    else {
        select.high |= value >> 8;
        select.low |= value << 24;
    }
}

// Count a digit for each lane that has one; keys crowd into few bins, so lanes that agree with the first add at once.
DEVICE void count_digit(u32* counts, u32 value, bool has) {
    u32 having = __ballot_sync(FULL_WARP, has);
    if (having == 0) return;
    u32 first = __ffs(having) - 1;
    u32 common = __shfl_sync(FULL_WARP, value, first);
    u32 alike = __ballot_sync(FULL_WARP, has && value == common);
    if (threadIdx.x % WARP == first) atomicAdd(&counts[common], u32(__popc(alike)));
    if (has && value != common) atomicAdd(&counts[value], 1u);
}

// By the last block: the digit at which `wanted` rows are reached, from the largest down; the histogram is cleared.
DEVICE void narrow(const FrontierArguments& a, u32* sums) {
    constexpr u32 EACH = BINS / THREADS;
    u32 top = BINS - EACH * threadIdx.x; // this thread's bins are [top - EACH, top), downwards
    u32 own = 0;
    for (u32 i = 1; i <= EACH; i++) own += a.histogram[top - i];
    sums[threadIdx.x] = own;
    __syncthreads();
    u32 before = a.select->above;
    for (u32 i = 0; i < threadIdx.x; i++) before += sums[i];
    u32 wanted = a.select->wanted;
    bool last = threadIdx.x == THREADS - 1;
    __syncthreads();
    if (before < wanted && (before + own >= wanted || last)) {
        u32 i = 1;
        while (i < EACH && before + a.histogram[top - i] < wanted) before += a.histogram[top - i++];
        u32 reached = before + a.histogram[top - i];
        fix_digit(*a.select, top - i, a.pass);
        a.select->above = before;
        a.select->done = reached <= a.list.capacity;
        a.select->blocks_done = 0;
    }
    __syncthreads();
    for (u32 i = 1; i <= EACH; i++) a.histogram[top - i] = 0;
}

KERNEL(frontier_histogram, FrontierArguments, 256, 1) {
    SHARED(counts, u32[BINS]);
    SHARED(sums, u32[THREADS]);
    SHARED(is_last, u32);
    if (a.select->done) return;
    for (u32 i = threadIdx.x; i < BINS; i += blockDim.x) counts[i] = 0;
    __syncthreads();
    u64 stride = u64(gridDim.x) * blockDim.x;
    for (u64 first = u64(blockIdx.x) * blockDim.x; first < a.n; first += stride) {
        u64 row = first + threadIdx.x;
        double bound = row < a.n ? a.state.bounds[row] : LEFT;
        u64 high = bits(key_of(bound, a.state.weights, row < a.n ? row : 0));
        u32 low = ~u32(row);
        bool has = bound >= 0.0 && within(*a.select, high, low, a.pass);
        count_digit(counts, digit(high, low, a.pass), has);
    }
    __syncthreads();
    for (u32 i = threadIdx.x; i < BINS; i += blockDim.x)
        if (counts[i] > 0) atomicAdd(&a.histogram[i], counts[i]);
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) is_last = atomicAdd(&a.select->blocks_done, 1u) == gridDim.x - 1;
    __syncthreads();
    if (is_last) {
        __threadfence();
        narrow(a, sums);
    }
}

KERNEL(frontier_compact, FrontierArguments, 256, 1) {
    if (a.round->finished) return;
    u64 stride = u64(gridDim.x) * blockDim.x;
    for (u64 row = u64(blockIdx.x) * blockDim.x + threadIdx.x; row < a.n; row += stride) {
        double bound = a.state.bounds[row];
        if (bound < 0.0) continue;
        u64 high = bits(key_of(bound, a.state.weights, row));
        u32 low = ~u32(row);
        if (high < a.select->high || (high == a.select->high && low < a.select->low)) continue;
        u32 entry = atomicAdd(&a.select->entries, 1u);
        a.list.keys[entry] = high;
        a.list.rows[entry] = u32(row);
    }
}

// Entries of this block's CHUNK for which `counts` holds, as an addition to `totals[entry]`.
template <class Counts>
DEVICE void count_against(const FrontierArguments& a, u32* totals, Counts counts) {
    u32 entries = a.select->entries;
    u32 entry = blockIdx.x * blockDim.x + threadIdx.x;
    u32 first = blockIdx.y * CHUNK;
    if (entry >= entries || first >= entries) return;
    u32 end = min(entries, first + CHUNK), total = 0;
    for (u32 other = first; other < end; other++) total += counts(entry, other);
    if (total > 0) atomicAdd(&totals[entry], total);
}

KERNEL(frontier_rank, FrontierArguments, 256, 1) {
    count_against(a, a.list.ranks, [&](u32 entry, u32 other) {
        return precedes({a.list.keys[other], a.list.rows[other]}, {a.list.keys[entry], a.list.rows[entry]});
    });
}

// The first center pending for `row`. To a row at distance 0 none comes nearer, so none is pending.
DEVICE u32 pending_from(const State& state, u32 row) { return state.bounds[row] > 0.0 ? state.seen[row] : NO_CENTER; }

KERNEL(frontier_order, FrontierArguments, 256, 1) {
    count_against(a, a.list.slots, [&](u32 entry, u32 other) {
        u32 row = a.list.rows[entry], other_row = a.list.rows[other];
        u32 seen = pending_from(a.state, row), other_seen = pending_from(a.state, other_row);
        bool before = other_seen < seen || (other_seen == seen && other_row < row);
        return a.list.ranks[entry] < a.size && a.list.ranks[other] < a.size && before;
    });
}

// What a refresh of `row` begins with.
DEVICE void place(const FrontierArguments& a, u32 slot, u32 row) {
    double bound = a.state.bounds[row];
    a.frontier.rows[slot] = row;
    a.frontier.sources[slot] = a.staged ? slot : row;
    a.frontier.seen[slot] = pending_from(a.state, row);
    a.frontier.limits[slot] = bound > 0.0 ? bits(next_down(bound)) : 0;
    a.frontier.candidate_counts[slot] = 0;
}

KERNEL(frontier_place, FrontierArguments, 256, 1) {
    u32 entries = a.select->entries;
    u32 entry = blockIdx.x * blockDim.x + threadIdx.x;
    if (entry == 0) {
        a.round->count = min(entries, a.size);
        if (a.settling) a.round->ceiling = bits(INFINITY);
    }
    if (entry >= entries) return;
    u32 rank = a.list.ranks[entry];
    if (rank < a.size) place(a, a.list.slots[entry], a.list.rows[entry]);
    if (rank == 0 && !a.settling) a.round->ceiling = a.list.keys[entry];
    if (rank != a.size) return;
    a.round->has_outside = 1;
    a.round->outside_row = a.list.rows[entry];
    a.round->outside_key = a.list.keys[entry];
}
