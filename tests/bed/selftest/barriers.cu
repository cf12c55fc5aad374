// Barriers, shared memory and shuffles of one block.
#include "selftest.cuh"

// out[i] = in[n - 1 - i] + rounds, through shared memory that is used again in each round.
KERNEL(selftest_reverse, SelftestArguments, 256, 2) {
  SHARED(tile, float[256]);
  const u32 i = threadIdx.x;
  float value = a.in[i];
  for (u32 round = 0; round < a.rounds; round++) {
    tile[i] = value;
    __syncthreads();  // written before read
    value = tile[a.n - 1 - i] + 1.0f;
    __syncthreads();  // read before written again
  }
  a.out[i] = value;
}

// out[block] = the sum of 256 rows of `in`, by shuffles and one word a warp.
KERNEL(selftest_sum, SelftestArguments, 256, 2) {
  SHARED(partial, float[8]);
  const u32 lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  float sum = a.in[blockIdx.x * blockDim.x + threadIdx.x];
  for (u32 step = WARP / 2; step; step /= 2) sum += __shfl_xor_sync(FULL_WARP, sum, step);
  if (lane == 0) partial[warp] = sum;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (u32 w = 1; w < blockDim.x / WARP; w++) sum += partial[w];
    a.out[blockIdx.x] = sum;
  }
}

// counters[0] = how many of `in` are below zero, counters[1] = in how many warps any is.
KERNEL(selftest_votes, SelftestArguments, 256, 2) {
  const bool below = a.in[threadIdx.x] < 0.0f;
  const u32 ballot = __ballot_sync(FULL_WARP, below);
  const u32 all = u32(__syncthreads_count(below));
  if (threadIdx.x == 0) a.counters[0] = all;
  if (threadIdx.x % WARP == 0 && ballot) atomicAdd(&a.counters[1], 1u);
}
