// Greedy: the picks of a round, among the live rows, wholly on the device: by one block, one barrier a pick.
//
// Thread t owns the live rows t, t + GREEDY_THREADS, ...: their keys and tests are its registers, the rest is shared memory. After a
// pick it tests each of its rows by the product with the pick. Where the test cannot say that the pick is no nearer than the
// row's bound, the bound is *open*, and falls to the upper end of the distance's interval: no canonical distance is evaluated.
//
// Rows offer themselves by the keys of their bounds. Where the best offer is an open row's, its owner's warp *resolves* it: the
// canonical distances to the picks that may be the nearest make the bound exact, and all offer again. Only a row whose bound is
// exact is picked. The order is the exact one: a bound is never below the distance it stands for, and keys grow with bounds, so
// the picked row's exact key precedes, by (key, row), every other row's upper key, and thereby its exact key: where an open
// row's upper key is the same and its row lower, that one comes first, and is resolved. Which rows are resolved depends on the
// order alone, not on where rows lie: counts are the same every time.
//
// A row that falls behind everything outside leaves the round, resolved or not. If its bound is open, its state says so: `seen` is
// rewound to the first pick that may be nearer, and the bound is just above the upper end. The next refresh, to which those picks are
// then pending, finds the one that made the bound fall.
//
// Per pick a row's product (4 bytes, from L2) and a test; per resolve the products with the picks since, and O(d) for each that
// may be the nearest.
#include "distance.cuh"
#include "offer.cuh"
#include "pick.cuh"

constexpr u32 PART = 2; // of a thread's live rows, the ones skipped together where there are fewer

// A live row in shared memory.
struct LiveRow {
    float base, norm, error; // its Terms, for when it is picked
    u16 slot;
    u16 since; // while its bound is open: the first of the round's picks that may be nearer
};

static_assert(MOST_SLOTS <= 1 << 16, "a slot is a u16");
static_assert(LIVE_BYTES == sizeof(LiveRow) + sizeof(double) + sizeof(u32) + sizeof(u16), "what Live keeps of a row");

// Of all live rows.
struct Live {
    LiveRow* entries;
    double* bounds; // on the distance to the nearest center: exact or, while open, no less than it
    u32* rows;      // of the pool
    u16* picked;    // live rows, in the order they were applied
    u32 count;
};

// The rows of a thread: its number `i` is live row `threadIdx.x + GREEDY_THREADS i`.
struct Owned {
    u32 highs[LIVE_EACH]; // upper halves of the keys, each as in Offer; 0 where the row is gone
    Test tests[LIVE_EACH];
    u32 live; // by number, a bit
    u32 open;
};

// An offer's `index`: the thread that owns the row, its number there, and whether its bound is open.
constexpr u32 NUMBER = 16, OPEN = 1u << 31;

DEVICE u32 owner_of(u32 index) { return index & 0xffff; }
DEVICE u32 number_of(u32 index) { return index >> NUMBER & (LIVE_EACH - 1); }
DEVICE u32 live_row(u32 owner, u32 number) { return owner + GREEDY_THREADS * number; }

DEVICE bool has(u32 bits, u32 number) { return bits >> number & 1; }

// The smallest double above `value`, which is 0 or positive and finite.
DEVICE double next_up(double value) { return from_bits(bits(value) + 1); }

// Leaves the state of a live row as far as it is known, `applied` of the round's picks having been applied.
DEVICE void put_back(const PickArguments& a, const Live& live, u32 index, bool is_open, u32 applied) {
    u32 row = live.rows[index];
    a.state.seen[row] = a.applied + (is_open ? live.entries[index].since : applied);
    double upper = live.bounds[index];
    if (is_open && upper < a.state.bounds[row]) a.state.bounds[row] = next_up(upper);
}

// Takes over a new bound: the row's key and test; gone if it no longer precedes everything outside.
DEVICE void set_bound(const PickArguments& a, const Live& live, Owned& own, u32 number, double bound, u32 applied) {
    u32 index = live_row(threadIdx.x, number), row = live.rows[index];
    live.bounds[index] = bound;
    u64 key = bits(key_of(bound, a.state.weights, row));
    bool stays = precedes({key, row}, outside_of(*a.round));
    if (!stays) put_back(a, live, index, has(own.open, number), applied);
    own.live = (own.live & ~(1u << number)) | u32(stays) << number;
    u32 high = stays ? u32((key + 1) >> 32) : 0;
    Operand x = a.frontier.packed.operands[live.entries[index].slot];
    Test test = test_within(a.interval, x, bound > 0.0 ? next_down(bound) : 0.0);
#pragma unroll
    for (u32 i = 0; i < LIVE_EACH; i++)
        if (i == number) own.highs[i] = high, own.tests[i] = test;
}

DEVICE void begin_row(const PickArguments& a, const Live& live, Owned& own, u32 number) {
    u32 index = live_row(threadIdx.x, number);
    if (index >= live.count) return;
    u32 slot = a.live_slots[index], row = a.frontier.rows[slot];
    Terms terms = terms_of(a.interval, a.frontier.packed.operands[slot]);
    live.entries[index] = {terms.base, terms.norm, terms.error, u16(slot), 0};
    live.rows[index] = row;
    set_bound(a, live, own, number, a.state.bounds[row], 0);
}

DEVICE Offer offer_of(const PickArguments& a, const Live& live, const Owned& own, u32 number) {
    u32 index = live_row(threadIdx.x, number), row = live.rows[index];
    u64 key = bits(key_of(live.bounds[index], a.state.weights, row));
    return {key + 1, row, threadIdx.x | number << NUMBER | (has(own.open, number) ? OPEN : 0)};
}

// The best of the rows that this thread owns. Mostly the upper halves of the keys tell.
DEVICE Offer best_owned(const PickArguments& a, const Live& live, const Owned& own) {
    u32 high = 0, ties = 0;
#pragma unroll
    for (u32 i = 0; i < LIVE_EACH; i++) high = max(high, own.highs[i]);
#pragma unroll
    for (u32 i = 0; i < LIVE_EACH; i++) ties |= u32(own.highs[i] == high) << i;
    Offer best = no_offer();
    for (ties &= own.live; ties; ties &= ties - 1) best = better(best, offer_of(a, live, own, __ffs(ties) - 1));
    return best;
}

// Row `number` may be nearer to live row `picked`, pick `applied` of the round, than its bound.
DEVICE void mark(const PickArguments& a, const Live& live, Owned& own, u32 number, u32 picked, float product, u32 applied) {
    u32 index = live_row(threadIdx.x, number);
    const Operand* operands = a.frontier.packed.operands;
    double upper = ends(a.interval, operands[live.entries[index].slot], operands[live.entries[picked].slot], product).upper;
    if (!has(own.open, number)) live.entries[index].since = u16(applied);
    own.open |= 1u << number;
    if (upper < live.bounds[index]) set_bound(a, live, own, number, upper, applied);
}

// Where a thread's products with live row `picked` begin.
DEVICE const float* products_with(const PickArguments& a, u32 picked) {
    return a.products + u64(picked) * a.capacity + threadIdx.x;
}

// Begins to load the products of this thread's rows with live row `picked`.
DEVICE void load_products(const PickArguments& a, const Live& live, const Owned& own, u32 picked, float (&products)[LIVE_EACH]) {
    const float* from = products_with(a, picked);
#pragma unroll
    for (u32 i = 0; i < LIVE_EACH; i++) {
        if (i % PART == 0 && i * GREEDY_THREADS >= live.count) break;
        products[i] = has(own.live, i) ? __ldg(from + i * GREEDY_THREADS) : 0.0f;
    }
}

// Lower the bounds of this thread's rows by what the filter knows of their distance to live row `picked`. Returns, by number,
// the ones that may have changed.
DEVICE u32 apply(const PickArguments& a, const Live& live, Owned& own, u32 picked, const float (&products)[LIVE_EACH],
                 u32 applied) {
    LiveRow center = live.entries[picked];
    Terms terms = {center.base, center.norm, center.error, 0.0f};
    u32 admitted = 0;
#pragma unroll
    for (u32 i = 0; i < LIVE_EACH; i++) {
        if (i % PART == 0 && i * GREEDY_THREADS >= live.count) break;
        admitted |= u32(!(left_side(own.tests[i], terms, products[i]) > own.tests[i].threshold)) << i;
    }
    admitted &= own.live;
    for (u32 left = admitted; left; left &= left - 1) {
        u32 number = __ffs(left) - 1;
        mark(a, live, own, number, picked, __ldg(products_with(a, picked) + number * GREEDY_THREADS), applied);
    }
    return admitted;
}

// What is known of a pick's distance to a row that is resolved: by one lane.
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

// The canonical distances of live row `index` to the picks since its bound was exact, where one may be the least: no more than
// the row's upper bound. In the order of the picks; strictly nearer replaces.
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
            double distance = canonical_distance<FEW_TOGETHER>(values, center, a.d, lane);
            nearest.evaluated++;
            if (distance < nearest.bound) nearest.bound = distance, nearest.center = first + at;
            left &= left - 1;
            left &= __ballot_sync(FULL_WARP, own.lower < nearest.bound);
        }
    }
    return nearest;
}

// By a warp: makes the bound of one of its rows exact. Returns the canonical distances evaluated.
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

// By the thread that owns it: the row leaves the order.
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
    a.pick_slots[picks] = live.entries[index].slot;
    a.pick_keys[picks] = pick.key - 1;
}

// By one thread: what the round came to.
DEVICE void record_end(const PickArguments& a, const Offer& next, u32 picks, u32 applied) {
    a.round->picks = picks;
    a.round->applied = applied;
    a.round->has_next = next.key > 0;
    a.round->next_row = next.row;
    a.round->next_key = next.key - 1;
}

// The best offers of this thread, and the lane that has the warp's. `stale`: this thread's changed since. Keys only fall, so no
// other row makes an offer wrong.
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
