// Probe: what this device can do, for the floors that `farpoint bench` holds a selection to. No part of a selection.
//
//   copy, read     grid-stride, 16 bytes a load: device memory's bytes a second
//   fma, fma64     registers alone: multiply-adds a second
//   empty          what a launch takes
//   barrier        one block: the floor of a pick of `pick_greedy`. Every warp offers, a barrier, the best of all offers
//   group_barrier  cooperative, one block or more: the same among blocks, the floor of a pick of `batch`
//
// Sums are stored only if they are `never`, which they are not: the compiler cannot know, and so they are computed.
#include "offer.cuh"
#include "ptx.cuh"

struct ProbeArguments {
    const float4* source; // (pieces,)
    float4* target;       // (pieces,)
    u64 pieces;
    Offer* offers; // (OFFER_SETS, blocks)
    u32* barrier;  // 0 before the launch
    u64* result;
    float never;
    u32 repeats;
};
static_assert(sizeof(ProbeArguments) == 56);

constexpr u32 TOGETHER = 4; // loads of a thread under way at a time
static_assert(sizeof(float4) == PIECE_BYTES);

// Give every thread its pieces, `TOGETHER` at a time: body(index of the first, distance to the next).
template <class Body>
DEVICE void each_piece(const ProbeArguments& a, Body body) {
    u64 threads = u64(gridDim.x) * blockDim.x;
    for (u64 first = u64(blockIdx.x) * blockDim.x + threadIdx.x; first < a.pieces; first += TOGETHER * threads)
        body(first, threads);
}

KERNEL(probe_copy, ProbeArguments, THREADS, PROBE_RESIDENT) {
    each_piece(a, [&](u64 first, u64 threads) {
        float4 held[TOGETHER];
#pragma unroll
        for (u32 j = 0; j < TOGETHER; j++) held[j] = a.source[min(first + j * threads, a.pieces - 1)];
#pragma unroll
        for (u32 j = 0; j < TOGETHER; j++)
            if (first + j * threads < a.pieces) a.target[first + j * threads] = held[j];
    });
}

KERNEL(probe_read, ProbeArguments, THREADS, PROBE_RESIDENT) {
    float sum = 0.0f;
    each_piece(a, [&](u64 first, u64 threads) {
        float4 held[TOGETHER];
#pragma unroll
        for (u32 j = 0; j < TOGETHER; j++) held[j] = a.source[min(first + j * threads, a.pieces - 1)];
#pragma unroll
        for (u32 j = 0; j < TOGETHER; j++) sum += (held[j].x + held[j].y) + (held[j].z + held[j].w);
    });
    if (sum == a.never) *a.result = 1;
}

DEVICE float fused(float x, float y, float z) { return __fmaf_rn(x, y, z); }
DEVICE double fused(double x, double y, double z) { return __fma_rn(x, y, z); }

template <class T>
DEVICE void chains(const ProbeArguments& a) {
    T factor = T(1) / T(threadIdx.x + 2), addend = T(a.never), x[PROBE_CHAINS];
#pragma unroll
    for (u32 j = 0; j < PROBE_CHAINS; j++) x[j] = T(j);
    for (u32 i = 0; i < a.repeats; i++)
#pragma unroll
        for (u32 step = 0; step < PROBE_STEPS; step++)
#pragma unroll
            for (u32 j = 0; j < PROBE_CHAINS; j++) x[j] = fused(x[j], factor, addend);
    T sum = T(0);
#pragma unroll
    for (u32 j = 0; j < PROBE_CHAINS; j++) sum += x[j];
    if (sum == addend) *a.result = 1;
}

KERNEL(probe_fma, ProbeArguments, THREADS, PROBE_RESIDENT) { chains<float>(a); }
KERNEL(probe_fma64, ProbeArguments, THREADS, PROBE_RESIDENT) { chains<double>(a); }

KERNEL(probe_empty, ProbeArguments, THREADS, 1) {
    if (a.repeats > 0) *a.result = 0;
}

// Like a pick in greedy.cu: every warp's offer, a barrier, the best of all.
DEVICE Offer meet(Offer own, Offers& offers, u32 turn) { return best_of_block(own, best_lane(own), offers, turn); }

// A thread's offer after `best`: no turn can begin before the last has ended.
DEVICE Offer offer_after(Offer best, u32 turn) { return {u64(threadIdx.x ^ best.row) + 1, threadIdx.x, turn}; }

KERNEL(probe_barrier, ProbeArguments, BATCH_THREADS, 1) {
    SHARED(offers, Offers);
    Offer best = {0, 0, 0};
    for (u32 turn = 0; turn < a.repeats; turn++) best = meet(offer_after(best, turn), offers, turn);
    if (threadIdx.x == 0) *a.result = best.key;
}

// Like a pick in batch.cu.
DEVICE Offer meet_group(const ProbeArguments& a, Offer own, u32 turn) {
    Offer* all = a.offers + turn % OFFER_SETS * u64(gridDim.x);
    if (threadIdx.x == 0) all[blockIdx.x] = own;
    group_barrier(a.barrier, (turn + 1) * gridDim.x);
    Offer best = {0, NO_CENTER, 0};
    for (u32 block = threadIdx.x % WARP; block < gridDim.x; block += WARP) {
        volatile Offer& offer = all[block];
        best = better(best, {offer.key, offer.row, offer.index});
    }
    return best_of_warp(best);
}

KERNEL(probe_group_barrier, ProbeArguments, BATCH_THREADS, 1) {
    SHARED(offers, Offers);
    Offer best = {0, 0, 0};
    for (u32 turn = 0; turn < a.repeats; turn++) best = meet_group(a, meet(offer_after(best, turn), offers, turn), turn);
    if (threadIdx.x == 0 && blockIdx.x == 0) *a.result = best.key;
}
