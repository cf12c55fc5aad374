// Instructions that the warps of a warpgroup execute together: products of matrices in shared memory (wgmma), and
// trading registers. No warp of it waits for another here, for the device does not promise that either.
#pragma once
#include "machine.hpp"

namespace bed {

// The primitives of these names in kernels/ptx_90a.cuh. Products are carried out when they are waited for, under a seed as
// soon as they are asked for; either way the sums are NaN until the wait.
void wgmma_begin();
void wgmma_commit();
void wgmma_wait(u32 in_flight);
void wgmma_settled(const float* sums);
void multiply_64x256x16(float* sums, u64 rows, u64 columns, bool accumulate);
void registers_take(u32 registers);
void registers_give(u32 registers);

}  // namespace bed
