// Which row is next: every thread offers the best of the rows it owns, and the best offer is taken.
#pragma once
#include "order.cuh"

// A row's claim to be the next center. `key` is the key's bits plus 1; 0 says that the row is gone.
struct Offer {
    u64 key;
    u32 row;
    u32 index; // where its owner keeps it
};
static_assert(sizeof(Offer) == 16);

DEVICE Offer no_offer() { return {0, NO_CENTER, 0}; }

DEVICE Offer better(Offer x, Offer y) { return precedes({y.key, y.row}, {x.key, x.row}) ? y : x; }

// Keeps, of the lanes that lead so far, those with the largest value, by one instruction and a vote. Returns the lanes
// that still lead.
DEVICE u32 keep_largest(bool& leads, u32 value) {
    u32 largest = __reduce_max_sync(FULL_WARP, leads ? value : 0);
    leads = leads && value == largest;
    return __ballot_sync(FULL_WARP, leads);
}

// The lane of the warp whose offer is the best. Mostly the upper halves of the keys tell.
DEVICE u32 best_lane(const Offer& offer) {
    bool leads = true;
    u32 leading = keep_largest(leads, u32(offer.key >> 32));
    if (leading & (leading - 1)) leading = keep_largest(leads, u32(offer.key));
    if (leading & (leading - 1)) leading = keep_largest(leads, ~offer.row);
    return __ffs(leading) - 1;
}

// The best of the warp's offers, to all of its lanes: slower than `best_lane`, for kernels that have no register left for it.
DEVICE Offer best_of_warp(Offer offer) {
    for (u32 width = WARP / 2; width > 0; width /= 2) {
        Offer other = {__shfl_xor_sync(FULL_WARP, offer.key, width), __shfl_xor_sync(FULL_WARP, offer.row, width),
                       __shfl_xor_sync(FULL_WARP, offer.index, width)};
        offer = better(offer, other);
    }
    return offer;
}

// Where the block's warps meet: two sets, since a warp may offer again before the others have read.
typedef Offer Offers[2][WARP];

// The best of the block's offers, to every thread, by one barrier. Of each warp the lane `speaker` has the best. `turn` counts
// the calls.
DEVICE Offer best_of_block(const Offer& offer, u32 speaker, Offers& offers, u32 turn) {
    u32 warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
    Offer* set = offers[turn % 2];
    if (lane == speaker) set[warp] = offer;
    __syncthreads();
    return set[best_lane(lane < warps ? set[lane] : no_offer())];
}
