// Panel: if more rows are live than can be picked at once, only the best of them are picked among. The first row that
// is left out takes the place of the first row outside, so picks among the panel are as sure as among all live rows.
//
//   list  one thread a slot        the live rows
//   rank  one thread a live row    its rank among all of them, by counting: its place in the panel
//   end   one thread               the panel's size
#include "state.cuh"

struct PanelArguments {
    State state;
    Frontier frontier;
    Round* round;
    u64* keys; // (frontier,), of the live rows, refreshed
    u32* slots;
    u32* live_slots; // (capacity,), the panel
    u32 capacity;
};
static_assert(sizeof(PanelArguments) == 144);

KERNEL(panel_list, PanelArguments, THREADS, 1) {
    u32 slot = blockIdx.x * THREADS + threadIdx.x;
    if (slot >= a.round->count) return;
    u32 row = a.frontier.rows[slot];
    Candidate own = {bits(key_of(a.state.bounds[row], a.state.weights, row)), row};
    if (a.round->has_outside && !precedes(own, {a.round->outside_key, a.round->outside_row})) return;
    u32 entry = atomicAdd(&a.round->live, 1u);
    a.keys[entry] = own.key;
    a.slots[entry] = slot;
}

DEVICE Candidate live_row(const PanelArguments& a, u32 entry) {
    return entry < a.round->live ? Candidate{a.keys[entry], a.frontier.rows[a.slots[entry]]} : Candidate{0, NO_CENTER};
}

KERNEL(panel_rank, PanelArguments, THREADS, 1) {
    SHARED(others, Candidate[THREADS]);
    u32 entry = blockIdx.x * THREADS + threadIdx.x, rank = 0;
    Candidate own = live_row(a, entry);
    for (u32 first = 0; first < a.round->live; first += THREADS) {
        others[threadIdx.x] = live_row(a, first + threadIdx.x);
        __syncthreads(); // the others are there
        for (u32 i = 0; i < THREADS; i++) rank += precedes(others[i], own);
        __syncthreads(); // they are read until here
    }
    if (entry >= a.round->live || rank > a.capacity) return;
    if (rank < a.capacity) {
        a.live_slots[rank] = a.slots[entry];
        return;
    }
    a.round->has_outside = 1;
    a.round->outside_row = own.row;
    a.round->outside_key = own.key;
}

KERNEL(panel_end, PanelArguments, THREADS, 1) {
    if (threadIdx.x == 0) a.round->live = min(a.round->live, a.capacity);
}
