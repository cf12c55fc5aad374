// Asynchronous copies in two stages.
#include "ptx.cuh"
#include "selftest.cuh"

// out[i] = the sum over rounds of in[round * n + i]: the next round is on its way while one is added.
KERNEL(selftest_stream, SelftestArguments, 64, 1) {
  SHARED(stage, float[2][256]);
  const u32 first = threadIdx.x * 4;
  cp_async16(&stage[0][first], a.in + first);
  cp_async_commit();
  float sum[4] = {};
  for (u32 round = 0; round < a.rounds; round++) {
    if (round + 1 < a.rounds) cp_async16(&stage[(round + 1) % 2][first], a.in + (round + 1) * a.n + first);
    cp_async_commit();
    cp_async_wait<1>();
    __syncthreads();
    for (u32 i = 0; i < 4; i++) sum[i] += stage[round % 2][(first + i + 4) % a.n];
    __syncthreads();
  }
  for (u32 i = 0; i < 4; i++) a.out[(first + i + 4) % a.n] = sum[i];
}
