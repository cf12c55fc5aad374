// The live rows of a round, as the one block that picks among them keeps them: in shared memory what all read, in registers what their
// threads own.
#pragma once
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

// Writes the state of a live row as far as it is known, once `applied` of the round's picks were applied.
DEVICE void put_back(const PickArguments& a, const Live& live, u32 index, bool is_open, u32 applied) {
    u32 row = live.rows[index];
    a.state.seen[row] = a.applied + (is_open ? live.entries[index].since : applied);
    double upper = live.bounds[index];
    if (is_open && upper < a.state.bounds[row]) a.state.bounds[row] = next_up(upper);
}

// Sets a row's bound, and with it its key and test. The row leaves if it no longer precedes everything outside.
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

// Opens the bound of row `number`, which may be nearer to live row `picked`, pick `applied` of the round, than its
// bound says.
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

// Lowers the bounds of this thread's rows by the filter's intervals of their distance to live row `picked`. Returns, by
// number, the rows that may have changed.
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
