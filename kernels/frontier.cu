// The frontier: the `size` rows that precede all others by (key, lowest row), and the first row outside.
//
// One launch, of blocks that are resident together and meet at barriers. Decisions that all blocks must agree on are
// computed by every block for itself, not told.
//
//   count   a histogram of 12 bits of the codes (key, ~row) for each pass, until few rows are at the edge: those whose digits so
//           far are the threshold's. Rows above it belong, rows below it do not. Reads 8 n bytes a pass
//   list    the rows that belong, and the edge. Reads 8 n bytes
//   cut     ranks by counting decide about the edge, and no other row
//   order   each row's slot, so that rows of like `seen` are neighbours: how many codes (seen, row) are below its own, chunk by
//           chunk of the list, each sorted and searched
//   place   fills the slots
//
// The first pass counts from the last frontier's largest key downwards, since no key is above that now. It counts a few
// times as far as that frontier reached, which mostly suffices. No result depends on the order in which threads arrive.
#include "frontier.cuh"
#include "ptx.cuh"
#include "threshold.cuh"

constexpr u32 ROWS = 8;      // of a thread at a time
constexpr u32 LISTED = 1024; // rows that a block lists before it tells the others
constexpr u32 CHUNK = 128;   // list entries sorted together
constexpr u32 SHARERS = 8;   // threads that count for one of them
static_assert(CHUNK * SHARERS == FRONTIER_THREADS);

// The decision about the edge.
struct Cut {
    u32 listed, count; // rows that belong: above the edge, and in all
    u32 has_outside, outside_row;
    u64 outside_key;
};

// A block's own.
struct Shared {
    u32 counts[FRONTIER_BINS];
    u32 sums[WARP];
    u64 edge_keys[EDGE];
    u32 edge_rows[EDGE];
    u64 edge_codes[EDGE]; // of the edge's rows that belong, by rank
    u64 chunk[CHUNK], sorted[CHUNK];
    u64 listed[LISTED], ceiling;
    u32 listed_count, first_listed;
    Threshold threshold;
    Cut cut;
};

// Calls `visit` with each row that has not left the order and its key. Every lane of a warp calls it equally often.
template <class Visit>
DEVICE void each_row(const FrontierArguments& a, Visit visit) {
    u64 stride = u64(gridDim.x) * FRONTIER_THREADS * ROWS;
    for (u64 first = a.first + u64(blockIdx.x) * FRONTIER_THREADS * ROWS; first < a.end; first += stride) {
        double bounds[ROWS]; // on their way together
#pragma unroll
        for (u32 i = 0; i < ROWS; i++) {
            u64 row = first + i * FRONTIER_THREADS + threadIdx.x;
            bounds[i] = row < a.end ? a.state.bounds[row] : LEFT;
        }
#pragma unroll
        for (u32 i = 0; i < ROWS; i++) {
            u64 row = first + i * FRONTIER_THREADS + threadIdx.x;
            if (first + i * FRONTIER_THREADS >= a.end) break;
            bool has = bounds[i] >= 0.0;
            visit(u32(row), has ? bits(key_of(bounds[i], a.state.weights, row)) : 0, has);
        }
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

DEVICE void count_pass(const FrontierArguments& a, Shared& s, u32* histogram) {
    for (u32 i = threadIdx.x; i < FRONTIER_BINS; i += FRONTIER_THREADS) s.counts[i] = 0;
    __syncthreads(); // the counts are clear
    Threshold t = s.threshold;
    each_row(a, [&](u32 row, u64 key, bool has) {
        bool counts = has && side(t, key, row) == 0;
        count_digit(s.counts, counts ? digit(t, key, row) : 0, counts);
    });
    __syncthreads(); // all is counted
    for (u32 i = threadIdx.x; i < FRONTIER_BINS; i += FRONTIER_THREADS)
        if (s.counts[i] > 0) atomicAdd(&histogram[i], s.counts[i]);
}

// The sum of `own` over the threads before this one.
DEVICE u32 sum_before(u32* sums, u32 own) {
    u32 lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, sum = own;
    for (u32 step = 1; step < WARP; step *= 2) {
        u32 other = __shfl_up_sync(FULL_WARP, sum, step);
        if (lane >= step) sum += other;
    }
    if (lane == WARP - 1) sums[warp] = sum;
    __syncthreads(); // every warp's sum is there
    u32 before = sum - own;
    for (u32 i = 0; i < warp; i++) before += sums[i];
    return before;
}

// Finds the digit at which, from the largest digit down, one row more than the frontier holds is reached. If there are
// not so many rows, all belong.
DEVICE void narrow(Shared& s, const u32* histogram, u32 wanted, u64 ceiling) {
    constexpr u32 EACH = FRONTIER_BINS / FRONTIER_THREADS;
    u32 top = FRONTIER_BINS - EACH * threadIdx.x; // this thread's bins are [top - EACH, top), downwards
    u32 bins[EACH], own = 0;
#pragma unroll
    for (u32 i = 0; i < EACH; i++) own += bins[i] = histogram[top - 1 - i];
    Threshold t = s.threshold;
    u32 before = t.above + sum_before(s.sums, own);
    if (threadIdx.x == FRONTIER_THREADS - 1 && before + own < wanted)
        s.threshold = {0, 0, 0, 0, BEHIND_ALL, BEHIND_ALL, before + own, 0, 0};
    for (u32 i = 1; i <= EACH; i++) {
        u32 value = top - i, count = bins[i - 1];
        if (before < wanted && before + count >= wanted) {
            bool starts_again = is_lowest(t, value) && count > EDGE;
            fix_digit(t, value);
            t.above = before;
            t.edge = count;
            s.threshold = starts_again ? next_threshold(t, ceiling) : t;
        }
        before += count;
    }
    __syncthreads(); // the threshold is there
}

// Slots are in the order of this code, so rows of equal `seen` are neighbours.
DEVICE u64 code_of(const State& state, u32 row) { return u64(pending_from(state, row)) << 32 | row; }

// Keeps the code of a row that belongs until all rows of the block are known, if there is room. 10,000 additions to one
// counter in device memory would take longer than reading all bounds.
DEVICE void list_row(const FrontierArguments& a, Shared& s, u64 code) {
    u32 place = atomicAdd(&s.listed_count, 1u);
    if (place < LISTED)
        s.listed[place] = code;
    else
        a.list.codes[atomicAdd(&a.select->entries, 1u)] = code;
}

// Appends the rows that the block kept to the list. All of the block's threads call it, once the block's rows are
// listed.
DEVICE void tell_listed(const FrontierArguments& a, Shared& s) {
    __syncthreads(); // all of them are
    u32 count = min(s.listed_count, LISTED);
    if (threadIdx.x == 0) {
        if (count > 0) s.first_listed = atomicAdd(&a.select->entries, count);
        if (s.ceiling > 0) atomicMax(&a.select->ceiling, s.ceiling);
    }
    __syncthreads(); // their place is known
    for (u32 i = threadIdx.x; i < count; i += FRONTIER_THREADS) a.list.codes[s.first_listed + i] = s.listed[i];
}

// Whether a row of a block to settle belongs.
DEVICE bool is_to_settle(const FrontierArguments& a, u32 row, u64 key) {
    return a.state.bounds[row] > 0.0 && precedes({key, row}, {a.floor_key, a.floor_row});
}

DEVICE void list_rows(const FrontierArguments& a, Shared& s) {
    Threshold t = s.threshold;
    u64 ceiling = 0;
    each_row(a, [&](u32 row, u64 key, bool has) {
        // Rows at distance 0 and rows that left the order cannot come nearer to a center.
        i32 at = !has ? -1 : !a.settling ? side(t, key, row) : is_to_settle(a, row, key) ? 1 : -1;
        if (at > 0) list_row(a, s, code_of(a.state, row));
        if (at == 0) {
            u32 entry = atomicAdd(&a.select->edge, 1u);
            a.list.edge_keys[entry] = key;
            a.list.edge_rows[entry] = row;
        }
        if (at >= 0) ceiling = max(ceiling, key);
    });
    for (u32 width = WARP / 2; width > 0; width /= 2) ceiling = max(ceiling, __shfl_xor_sync(FULL_WARP, ceiling, width));
    if (threadIdx.x % WARP == 0 && ceiling > 0) atomicMax(&s.ceiling, ceiling);
    tell_listed(a, s);
}

// Decides which of the edge's rows belong, and which is the first that does not.
DEVICE void cut_edge(const FrontierArguments& a, Shared& s) {
    u32 listed = a.select->entries, edge = a.select->edge, e = threadIdx.x;
    u32 wanted = min(edge, a.size - listed);
    if (e == 0) s.cut = {listed, listed + wanted, 0, 0, 0};
    if (e < edge) {
        s.edge_keys[e] = a.list.edge_keys[e];
        s.edge_rows[e] = a.list.edge_rows[e];
    }
    __syncthreads(); // the edge is there
    if (e < edge) {
        Candidate own = {s.edge_keys[e], s.edge_rows[e]};
        u32 rank = 0;
        for (u32 other = 0; other < edge; other++) rank += precedes({s.edge_keys[other], s.edge_rows[other]}, own);
        if (rank < wanted) s.edge_codes[rank] = code_of(a.state, own.row);
        if (rank == wanted) {
            s.cut.has_outside = 1;
            s.cut.outside_row = own.row;
            s.cut.outside_key = own.key;
        }
    }
    __syncthreads(); // the cut is made
}

DEVICE u64 code_at(const FrontierArguments& a, const Shared& s, u32 entry) {
    return entry < s.cut.listed ? a.list.codes[entry] : s.edge_codes[entry - s.cut.listed];
}

// Codes from `first` on, `count` of them, in order. Codes are distinct.
DEVICE void sort_chunk(const FrontierArguments& a, Shared& s, u32 first, u32 count) {
    if (threadIdx.x < CHUNK) s.chunk[threadIdx.x] = threadIdx.x < count ? code_at(a, s, first + threadIdx.x) : ~u64(0);
    __syncthreads(); // the chunk is there, and the one before was searched
    u64 own = s.chunk[threadIdx.x / SHARERS];
    u32 rank = 0;
    for (u32 other = threadIdx.x % SHARERS; other < CHUNK; other += SHARERS) rank += s.chunk[other] < own;
    for (u32 width = SHARERS / 2; width > 0; width /= 2) rank += __shfl_xor_sync(FULL_WARP, rank, width);
    if (threadIdx.x % SHARERS == 0 && threadIdx.x / SHARERS < count) s.sorted[rank] = own;
    __syncthreads(); // it is sorted
}

// How many of the chunk's codes are below `code`.
DEVICE u32 codes_below(const u64* sorted, u32 count, u64 code) {
    u32 below = 0;
    for (u32 step = CHUNK; step > 0; step /= 2)
        if (below + step <= count && sorted[below + step - 1] < code) below += step;
    return below;
}

// Finds each entry's slot: every entry of the list is searched for in every chunk of the list.
DEVICE void order_list(const FrontierArguments& a, Shared& s) {
    u32 entries = s.cut.count, chunks = (entries + CHUNK - 1) / CHUNK;
    u32 parts = max(1u, gridDim.x / max(1u, chunks)); // of the list, each searched for by another block
    for (u32 work = blockIdx.x; work < chunks * parts; work += gridDim.x) {
        u32 first = work % chunks * CHUNK, count = min(CHUNK, entries - first);
        sort_chunk(a, s, first, count);
        for (u32 entry = work / chunks * FRONTIER_THREADS + threadIdx.x; entry < entries; entry += parts * FRONTIER_THREADS) {
            u32 below = codes_below(s.sorted, count, code_at(a, s, entry));
            if (below > 0) atomicAdd(&a.list.slots[entry], below);
        }
    }
}

DEVICE void place_list(const FrontierArguments& a, const Shared& s) {
    for (u32 entry = blockIdx.x * FRONTIER_THREADS + threadIdx.x; entry < s.cut.count; entry += gridDim.x * FRONTIER_THREADS) {
        u64 code = code_at(a, s, entry);
        place(a.state, a.frontier, a.staged, a.list.slots[entry], u32(code), u32(code >> 32));
        a.list.slots[entry] = 0;
    }
}

// By one thread: writes the new round.
DEVICE void begin_round(const FrontierArguments& a, const Cut& cut) {
    Round now = {};
    now.counts = a.round->counts; // of all rounds
    now.centers = a.round->centers + a.round->picks;
    now.count = cut.count;
    now.has_outside = cut.has_outside;
    now.outside_row = cut.outside_row;
    now.outside_key = cut.outside_key;
    now.ceiling = a.settling ? bits(INFINITY) : a.select->ceiling;
    now.edge_key = cut.has_outside ? cut.outside_key : 0;
    *a.round = now;
}

// By one thread: the last round ended the selection, and only settling is left. `has_next` stays set: blocks that have
// not started yet test it.
DEVICE void stand_by(const FrontierArguments& a) {
    a.round->centers += a.round->picks;
    a.round->picks = 0;
    a.round->count = 0;
    a.round->ceiling = 0;
}

KERNEL(frontier, FrontierArguments, FRONTIER_THREADS, 1) {
    SHARED(s, Shared);
    if (a.round->has_next && !a.settling) {
        if (blockIdx.x == 0 && threadIdx.x == 0) stand_by(a);
        return;
    }
    u32 target = 0, passes = 0;
    u64 ceiling = a.round->ceiling;
    if (threadIdx.x == 0) {
        s.threshold = first_threshold(*a.round);
        s.listed_count = 0;
        s.ceiling = 0;
    }
    while (!a.settling) {
        u32* histogram = a.histograms + passes++ * FRONTIER_BINS;
        count_pass(a, s, histogram);
        group_barrier(&a.select->arrived, target += gridDim.x);
        narrow(s, histogram, a.size + 1, ceiling);
        if (s.threshold.edge <= EDGE) break;
    }
    __syncthreads();
    list_rows(a, s);
    group_barrier(&a.select->arrived, target += gridDim.x);
    cut_edge(a, s);
    order_list(a, s);
    group_barrier(&a.select->arrived, target += gridDim.x);
    place_list(a, s);
    for (u32 i = blockIdx.x * FRONTIER_THREADS + threadIdx.x; i < passes * FRONTIER_BINS; i += gridDim.x * FRONTIER_THREADS)
        a.histograms[i] = 0;
    if (blockIdx.x == 0 && threadIdx.x == 0) begin_round(a, s.cut);
    __syncthreads();
    if (threadIdx.x == 0 && atomicAdd(&a.select->finished, 1u) == gridDim.x - 1) *a.select = Select{};
}
