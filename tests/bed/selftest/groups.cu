// Blocks that wait for each other, and atomics between blocks that do not.
#include "ptx.cuh"
#include "selftest.cuh"

// out[block] = `rounds` times: the value of the next block plus one. counters[0] is the group's barrier.
KERNEL(selftest_ring, SelftestArguments, 64, 2) {
  for (u32 round = 0, target = a.counters[1]; round < a.rounds; round++) {
    const float next = a.out[(blockIdx.x + 1) % gridDim.x];
    group_barrier(a.counters, target += gridDim.x);
    if (threadIdx.x == 0) a.out[blockIdx.x] = next + 1.0f;
    group_barrier(a.counters, target += gridDim.x);
  }
}

// counters[0] counts the threads, counters[1] is the largest of their numbers.
KERNEL(selftest_atomics, SelftestArguments, 256, 2) {
  const u32 i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= a.n) return;
  atomicAdd(&a.counters[0], 1u);
  atomicMax(&a.counters[1], i);
  atomicAdd(a.out, 0.5f);
}

// out[i] = in[i], with the wide accesses and dynamic shared memory.
KERNEL(selftest_copy, SelftestArguments, 256, 2) {
  DYNAMIC_SHARED(float4, rows);
  const u32 i = threadIdx.x;
  if (i < a.n / 4) rows[i] = reinterpret_cast<const float4*>(a.in)[i];
  __syncthreads();
  if (i < a.n / 4) reinterpret_cast<float4*>(a.out)[i] = rows[i];
}

// Nothing but its own existence: what a launch costs.
KERNEL(selftest_nothing, SelftestArguments, 1024, 1) {
  if (a.n && threadIdx.x == 0) a.counters[0] = a.n;
}
