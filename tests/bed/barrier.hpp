// Barriers in shared memory that count arrivals and bytes: mbarrier.
#pragma once
#include "machine.hpp"

namespace bed {

// The primitives of these names in kernels/ptx_90a.cuh.
void barrier_init(u64* barrier, u32 arrivals);
void barrier_init_visible();
void barrier_arrive(u64* barrier, u32 expected_bytes);
void barrier_wait(u64* barrier, u32 parity);

// Copies may count at it: it is initialized, and visible to them. Anything else is reported.
void check_visible(const u64* barrier);
void count_bytes(u64* barrier, u32 bytes);

// Where it is and what it waits for.
struct Description {
  char text[160];
};
Description described(const u64* barrier, const Block& block);

}  // namespace bed
