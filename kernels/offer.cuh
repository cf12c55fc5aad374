// Which row is next: every warp offers the best of the rows it owns, and the best offer is taken.
#pragma once
#include "order.cuh"

// A row's claim to be the next center: its key's bits and 1, since 0 says the row is gone.
struct Offer {
    u64 key;
    u32 row;
    u32 index; // where its owner keeps it
};
static_assert(sizeof(Offer) == 16);

DEVICE Offer better(Offer x, Offer y) { return precedes({y.key, y.row}, {x.key, x.row}) ? y : x; }

// The best of the warp's offers, to all of its lanes.
DEVICE Offer best_of_warp(Offer offer) {
    for (u32 width = WARP / 2; width > 0; width /= 2) {
        Offer other = {__shfl_xor_sync(FULL_WARP, offer.key, width), __shfl_xor_sync(FULL_WARP, offer.row, width),
                       __shfl_xor_sync(FULL_WARP, offer.index, width)};
        offer = better(offer, other);
    }
    return offer;
}
