// Pick: greedy inside the live rows, wholly on the device.
//
//   live      one thread a slot        the frontier's rows that precede everything outside
//   products  tiles of 128 x 128       every live row's product with every other: `(live, live)`, half of it computed
//   greedy    one block                the picks of the round: one barrier each
//
// A warp owns the live rows `32 (warp + warps i) + lane`. After a pick each warp tests its rows against the pick, lowers the bounds of
// those the canonical distance says are nearer, and offers its best; the barrier, then every warp finds the best of all offers.
#include "distance.cuh"
#include "offer.cuh"
#include "state.cuh"
#include "tile.cuh"

// Per live row, `(capacity,)`; `keys`, and the tests below them, are shared memory's in `greedy`.
struct PickArguments {
    Interval interval;
    Rows rows;
    State state;
    Frontier frontier;
    Round* round;
    u32* live_slots; // (capacity,)
    float* products; // (capacity, capacity)
    u32* pick_rows;  // (capacity,)
    u32* pick_slots;
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

KERNEL(pick_live, PickArguments, 256, 1) {
    u32 slot = blockIdx.x * blockDim.x + threadIdx.x;
    if (slot >= a.round->count) return;
    u32 row = a.frontier.rows[slot];
    Candidate candidate = {bits(key_of(a.state.bounds[row], a.state.weights, row)), row};
    if (precedes(candidate, outside_of(*a.round))) a.live_slots[atomicAdd(&a.round->live, 1u)] = slot;
}

// One tile of the products, and its mirror image.
DEVICE void products_tile(const PickArguments& a, u32 first_row, u32 first_column, Slice* rows, Slice* columns) {
    u32 live = a.round->live;
    auto packed = [&](u32 index) { return a.frontier.packed + u64(a.live_slots[min(index, live - 1)]) * a.depth; };
    Copying from_rows([&](u32 i) { return packed(first_row + i); });
    Copying from_columns([&](u32 i) { return packed(first_column + i); });
    Products products;
    bool wanted = warp_has(live - first_row, live - first_column);
    tile_products(from_rows, from_columns, a.depth, wanted, rows, columns, products);
    u64 pairs = u64(min(TILE, live - first_row)) * min(TILE, live - first_column);
    if (threadIdx.x == 0) atomicAdd(&a.round->counts.pick_evaluations, pairs);
    if (!wanted) return;
    u32 row = first_row + first_row_of_thread(), column = first_column + first_column_of_thread();
#pragma unroll
    for (u32 i = 0; i < ROW_BLOCKS; i++)
#pragma unroll
        for (u32 j = 0; j < COLUMN_BLOCKS; j++)
#pragma unroll
            for (u32 e = 0; e < 4; e++) {
                u32 x = row + 16 * i + e / 2 * 8, y = column + 8 * j + e % 2;
                if (x >= live || y >= live) continue;
                a.products[u64(x) * a.capacity + y] = products[i][j][e];
                a.products[u64(y) * a.capacity + x] = products[i][j][e];
            }
}

KERNEL(pick_products, PickArguments, 256, 2) {
    SHARED(rows, Slice[STAGES]);
    SHARED(columns, Slice[STAGES]);
    if (a.round->ceiling == 0) return;
    u32 tiles = (a.round->live + TILE - 1) / TILE;
    for (u32 tile = blockIdx.x; tile < tiles * tiles; tile += gridDim.x) {
        u32 row = tile % tiles, column = tile / tiles;
        if (column <= row) products_tile(a, row * TILE, column * TILE, rows, columns);
    }
}

// The live rows in shared memory.
struct Live {
    u64* keys; // as in Offer
    Test* tests;
};

DEVICE u32 pool_row(const PickArguments& a, u32 index) { return a.frontier.rows[a.live_slots[index]]; }

// The best of the rows that this warp owns.
DEVICE Offer best_owned(const PickArguments& a, const Live& live) {
    Offer best = {0, NO_CENTER, 0};
    for (u32 i = threadIdx.x; i < a.round->live; i += blockDim.x)
        if (live.keys[i] > 0) best = better(best, {live.keys[i], pool_row(a, i), i});
    return best_of_warp(best);
}

// The row's key and test at its present bound; gone if it no longer precedes everything outside.
DEVICE void set_live(const PickArguments& a, const Live& live, u32 index, double bound) {
    u32 slot = a.live_slots[index], row = a.frontier.rows[slot];
    u64 key = bits(key_of(bound, a.state.weights, row));
    live.keys[index] = precedes({key, row}, outside_of(*a.round)) ? key + 1 : 0;
    live.tests[index] = test_within(a.interval, a.frontier.operands[slot], bound > 0.0 ? next_down(bound) : 0.0);
}

// The canonical distance to the newest center, number `center`, decides whether it is the row's nearest.
DEVICE void improve(const PickArguments& a, const Live& live, u32 index, u32 center, double distance) {
    u32 row = pool_row(a, index);
    if (distance >= a.state.bounds[row]) return;
    a.state.bounds[row] = distance;
    a.state.nearest[row] = center;
    a.state.seen[row] = center + 1;
    set_live(a, live, index, distance);
}

template <class T>
DEVICE View<T> live_view(const PickArguments& a, u32 index) {
    u32 slot = a.live_slots[index];
    return view<T>(a.rows, a.frontier.sources[slot], a.frontier.rows[slot], a.d);
}

// Lower the bounds of this warp's rows by their distance to live row `picked`, now center number `center`. Returns the canonical
// distances evaluated.
template <class T>
DEVICE u32 apply(const PickArguments& a, const Live& live, u32 picked, u32 center) {
    Terms terms = terms_of(a.interval, a.frontier.operands[a.live_slots[picked]]);
    const float* products = a.products + u64(picked) * a.capacity;
    u32 lane = threadIdx.x % WARP, evaluated = 0;
    for (u32 first = threadIdx.x - lane; first < a.round->live; first += blockDim.x) {
        u32 index = first + lane;
        bool is_live = index < a.round->live && live.keys[index] > 0;
        bool admitted = is_live && !(left_side(live.tests[index], terms, products[index]) > live.tests[index].threshold);
        for (u32 left = __ballot_sync(FULL_WARP, admitted); left; left &= left - 1) {
            u32 owner = __ffs(left) - 1;
            double distance = canonical_distance(live_view<T>(a, first + owner), live_view<T>(a, picked), a.d, lane);
            if (lane == owner) improve(a, live, index, center, distance);
            evaluated++;
        }
    }
    return evaluated;
}

DEVICE void begin_live(const PickArguments& a, const Live& live) {
    for (u32 i = threadIdx.x; i < a.round->live; i += blockDim.x) set_live(a, live, i, a.state.bounds[pool_row(a, i)]);
}

DEVICE void record_pick(const PickArguments& a, const Live& live, const Offer& pick, u32 number) {
    live.keys[pick.index] = 0;
    a.state.bounds[pick.row] = LEFT;
    a.pick_rows[number] = pick.row;
    a.pick_slots[number] = a.live_slots[pick.index];
    a.pick_keys[number] = pick.key - 1;
}

// By one thread: what the round came to.
DEVICE void record_end(const PickArguments& a, const Offer& next, u32 picks, u32 applied) {
    a.round->picks = picks;
    a.round->applied = applied;
    a.round->has_next = next.key > 0;
    a.round->next_row = next.row;
    a.round->next_key = next.key - 1;
}

template <class T>
DEVICE void greedy(const PickArguments& a, const Live& live, Offer (*offers)[WARP]) {
    u32 warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
    u32 picks = 0, applied = 0, evaluated = 0;
    begin_live(a, live);
    Offer best;
    while (true) {
        __syncwarp();
        best = best_owned(a, live);
        Offer* round = offers[picks % 2]; // two sets: a warp may offer again before the others have read
        if (lane == 0) round[warp] = best;
        __syncthreads();
        best = best_of_warp(lane < warps ? round[lane] : Offer{0, NO_CENTER, 0});
        if (best.key == 0) break;
        double key = from_bits(best.key - 1);
        if (picks == a.limit || key <= a.stop) break;
        if (best.index / WARP % warps == warp && lane == best.index % WARP) record_pick(a, live, best, picks);
        __syncwarp();
        picks++;
        if (key == 0.0) continue; // so are all that follow: no distance matters
        evaluated += apply<T>(a, live, best.index, a.applied + applied);
        applied++;
    }
    if (a.round->ceiling > 0) // else nothing was applied to these rows
        for (u32 i = threadIdx.x; i < a.round->live; i += blockDim.x)
            if (live.keys[i] > 0) a.state.seen[pool_row(a, i)] = a.applied + applied;
    if (threadIdx.x == 0) record_end(a, best, picks, applied);
    if (lane == 0 && evaluated > 0) atomicAdd(&a.round->counts.pick_canonical, u64(evaluated));
}

#define ENTRY(dtype, T)                                                           \
    KERNEL(pick_greedy_##dtype, PickArguments, 1024, 1) {                         \
        DYNAMIC_SHARED(u64, keys);                                                \
        SHARED(offers, Offer[2][WARP]);                                           \
        greedy<T>(a, {keys, reinterpret_cast<Test*>(keys + a.capacity)}, offers); \
    }
DTYPES(ENTRY)
