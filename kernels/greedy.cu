// Greedy: one block makes the picks of a round among the live rows, with one barrier a pick.
//
// Thread t owns the live rows t, t + GREEDY_THREADS, ...: their keys and tests are its registers, the rest is shared memory. After a
// pick it tests each of its rows by the product with the pick. Where the test cannot say that the pick is no nearer than the
// row's bound, the bound is *open*, and falls to the upper end of the distance's interval: no canonical distance is evaluated.
//
// Rows offer themselves by the keys of their bounds. If the best offer is an open row's, its owner's warp *resolves*
// it: the canonical distances to the picks that may be the nearest make the bound exact, and all rows offer again. Only
// a row whose bound is exact is picked. The order is the exact one: a bound is never below the distance it stands for,
// and keys grow with bounds. So the picked row's exact key precedes, by (key, row), every other row's upper key, and
// thereby its exact key. An open row with the same upper key and a lower row number comes first, and is resolved. Which
// rows are resolved depends on the order alone, not on where rows lie, so counts are the same every time.
//
// A row that falls behind the first row outside leaves the round. If its bound is open, `seen` is rewound to the first
// pick that may be nearer, and the bound is set just above the upper end. Those picks are then pending, and the row's
// next refresh finds the one that made the bound fall.
//
// A pick costs each row a product (4 bytes, from L2) and a test. A resolve costs the products with the picks since, and
// O(d) for each pick that may be the nearest.
#include "live.cuh"

// One lane's knowledge of the distance of one pick to the row that is resolved.
struct Reached {
    double lower;
    u32 slot, source;
};

DEVICE Reached reach(const PickArguments& a, const Live& live, const Operand& x, u32 index, u32 picked) {
    u32 slot = live.entries[picked].slot;
    float product = __ldg(a.products + u64(index) * a.capacity + picked);
    return {ends(a.interval, x, a.frontier.packed.operands[slot], product).lower, slot, a.frontier.sources[slot]};
}

// A row's nearest center, as a warp resolves it.
struct Nearest {
    double bound;
    u32 center;    // NO_CENTER if none of the round's picks is nearer than those before
    u32 evaluated; // canonical distances
};

// Evaluates the canonical distances of live row `index` to the picks since its bound was exact, as far as one may be
// the least: an interval that begins above the row's upper bound cannot. The picks come in order; strictly nearer
// replaces.
template <class T>
DEVICE Nearest nearest_of(const PickArguments& a, const Live& live, u32 index, u32 applied) {
    u32 lane = threadIdx.x % WARP, slot = live.entries[index].slot, row = live.rows[index];
    Operand x = a.frontier.packed.operands[slot];
    View<T> values = view<T>(a.rows, a.frontier.sources[slot], row, a.d);
    double upper = live.bounds[index];
    Nearest nearest = {a.state.bounds[row], NO_CENTER, 0};
    for (u32 first = live.entries[index].since; first < applied; first += WARP) {
        Reached own = {INFINITY, 0, 0};
        if (first + lane < applied) own = reach(a, live, x, index, live.picked[first + lane]);
        u32 left = __ballot_sync(FULL_WARP, own.lower <= upper && own.lower < nearest.bound);
        while (left) {
            u32 at = __ffs(left) - 1;
            u32 center_slot = __shfl_sync(FULL_WARP, own.slot, at), source = __shfl_sync(FULL_WARP, own.source, at);
            View<T> center = view<T>(a.rows, source, a.frontier.rows[center_slot], a.d);
            double distance = canonical_distance<FEW_TOGETHER<T>>(values, center, a.d, lane);
            nearest.evaluated++;
            if (distance < nearest.bound) nearest.bound = distance, nearest.center = first + at;
            left &= left - 1;
            left &= __ballot_sync(FULL_WARP, own.lower < nearest.bound);
        }
    }
    return nearest;
}

// By a warp: makes the bound of one of its rows exact. Returns how many canonical distances it evaluated.
template <class T>
DEVICE u32 resolve(const PickArguments& a, const Live& live, Owned& own, u32 offered, u32 applied) {
    u32 owner = owner_of(offered), number = number_of(offered), index = live_row(owner, number);
    Nearest nearest = nearest_of<T>(a, live, index, applied);
    __syncwarp(); // every lane has read the row's bound
    if (threadIdx.x == owner) {
        if (nearest.center != NO_CENTER) {
            a.state.bounds[live.rows[index]] = nearest.bound;
            a.state.nearest[live.rows[index]] = a.applied + nearest.center;
        }
        own.open &= ~(1u << number);
        set_bound(a, live, own, number, nearest.bound, applied);
    }
    return nearest.evaluated;
}

// By the row's owner: takes the row out of the order.
DEVICE void remove(Owned& own, u32 number) {
    own.live &= ~(1u << number);
#pragma unroll
    for (u32 i = 0; i < LIVE_EACH; i++)
        if (i == number) own.highs[i] = 0;
}

DEVICE void record_pick(const PickArguments& a, const Live& live, const Offer& pick, u32 index, u32 picks, u32 applied) {
    live.picked[applied] = u16(index);
    a.state.bounds[pick.row] = LEFT;
    a.pick_rows[picks] = pick.row;
    a.pick_sources[picks] = a.frontier.sources[live.entries[index].slot];
    a.pick_keys[picks] = pick.key - 1;
}

// By one thread: writes the end of the round.
DEVICE void record_end(const PickArguments& a, const Offer& next, u32 picks, u32 applied) {
    a.round->picks = picks;
    a.round->applied = applied;
    a.round->has_next = next.key > 0;
    a.round->next_row = next.row;
    a.round->next_key = next.key - 1;
}

// This thread's best offer, and the lane that has the warp's. `stale`: the row of this thread's offer has changed
// since. Keys only fall, so a change of another row makes no offer wrong.
struct Offering {
    Offer best;
    u32 speaker;
    bool stale;
};

DEVICE void renew(const PickArguments& a, const Live& live, const Owned& own, Offering& mine) {
    if (!__any_sync(FULL_WARP, mine.stale)) return;
    if (mine.stale) mine.best = best_owned(a, live, own);
    mine.speaker = best_lane(mine.best);
    mine.stale = false;
}

template <class T>
DEVICE void greedy(const PickArguments& a, const Live& live, Offers& offers) {
    Owned own = {};
#pragma unroll 1
    for (u32 i = 0; i < LIVE_EACH; i++) begin_row(a, live, own, i);
    u32 picks = 0, applied = 0, evaluated = 0;
    Offering mine = {no_offer(), 0, true};
    Offer best;
    for (u32 turn = 0;; turn++) {
        renew(a, live, own, mine);
        best = best_of_block(mine.best, mine.speaker, offers, turn);
        if (best.key == 0) break;
        bool is_zero = best.key == 1; // and cannot fall
        u32 owner = owner_of(best.index), index = live_row(owner, number_of(best.index));
        mine.stale = threadIdx.x == owner;
        if (best.index & OPEN && !is_zero) {
            if (owner / WARP == threadIdx.x / WARP) evaluated += resolve<T>(a, live, own, best.index, applied);
            continue;
        }
        if (picks == a.limit || from_bits(best.key - 1) <= a.stop) break;
        if (mine.stale) remove(own, number_of(best.index));
        float products[LIVE_EACH];
        if (!is_zero) load_products(a, live, own, index, products);
        if (mine.stale) record_pick(a, live, best, index, picks, applied);
        picks++;
        if (is_zero) continue;     // so are all that follow: no distance matters
        renew(a, live, own, mine); // while the products are on their way
        u32 changed = apply(a, live, own, index, products, applied);
        mine.stale = has(changed, number_of(mine.best.index));
        applied++;
    }
    if (a.round->ceiling > 0) // else nothing was applied to these rows
        for (u32 left = own.live; left; left &= left - 1) {
            u32 number = __ffs(left) - 1;
            put_back(a, live, live_row(threadIdx.x, number), has(own.open, number), applied);
        }
    if (threadIdx.x == 0) record_end(a, best, picks, applied);
    if (threadIdx.x % WARP == 0 && evaluated > 0) atomicAdd(&a.round->counts.pick_canonical, u64(evaluated));
}

DEVICE Live live_rows(const PickArguments& a, LiveRow* entries) {
    double* bounds = reinterpret_cast<double*>(entries + a.capacity);
    u32* rows = reinterpret_cast<u32*>(bounds + a.capacity);
    u16* picked = reinterpret_cast<u16*>(rows + a.capacity);
    return {entries, bounds, rows, picked, a.round->live};
}

#define ENTRY(dtype, T)                                             \
    KERNEL(pick_greedy_##dtype, PickArguments, GREEDY_THREADS, 1) { \
        DYNAMIC_SHARED(LiveRow, entries);                           \
        SHARED(offers, Offers);                                     \
        greedy<T>(a, live_rows(a, entries), offers);                \
    }
DTYPES(ENTRY)
