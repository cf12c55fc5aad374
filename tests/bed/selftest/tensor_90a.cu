// What compute capability 9.0 has: boxes that arrive by themselves, products of a warpgroup.
#include "selftest.cuh"

constexpr u32 ROWS = 128, COLUMNS = 256, SLICE = 64, STAGES = 4, CONSUMERS = 2;
constexpr u32 RELEASING = WARP;  // threads for which one says that a stage has been read

struct PipelineShared {
  u16 rows[STAGES][ROWS * SLICE];
  u16 columns[STAGES][COLUMNS * SLICE];
  Barrier full[STAGES], empty[STAGES];
};

DEVICE void produce(PipelineShared& s, const SelftestPipelineArguments& a, u32 slices) {
  u32 turn = 0;
  for (u32 tile = 0; tile < a.m; tile += COLUMNS)
    for (u32 slice = 0; slice < slices; slice++, turn++) {
      const u32 stage = turn % STAGES;
      if (turn >= STAGES) barrier_wait(&s.empty[stage], (turn / STAGES - 1) % 2);
      barrier_arrive_expecting(&s.full[stage], (ROWS + COLUMNS) * SLICE * 2);
      copy_box(s.rows[stage], &a.rows, &s.full[stage], slice * SLICE, blockIdx.x * ROWS);
      copy_box(s.columns[stage], &a.columns, &s.full[stage], slice * SLICE, tile);
    }
}

// The products of this turn have been made: its stage may be filled again.
DEVICE void release(PipelineShared& s, u32 turn) {
  if (threadIdx.x % RELEASING == 0) barrier_arrive(&s.empty[turn % STAGES]);
}

// OVERLAPPING: the products of one slice are still being made when those of the next begin.
template <bool OVERLAPPING> DEVICE void consume(PipelineShared& s, const SelftestPipelineArguments& a, u32 slices, u32 group) {
  const u32 lane = threadIdx.x % WARP, warp = threadIdx.x / WARP % 4;
  const u32 first = blockIdx.x * ROWS + 64 * group + 16 * warp + lane / 4;
  u32 turn = 0;
  for (u32 tile = 0; tile < a.m; tile += COLUMNS) {
    float sums[32][4];
    for (u32 slice = 0; slice < slices; slice++, turn++) {
      const u32 stage = turn % STAGES;
      barrier_wait(&s.full[stage], turn / STAGES % 2);
      const u64 rows = matrix_descriptor(s.rows[stage] + 64 * group * SLICE), columns = matrix_descriptor(s.columns[stage]);
      wgmma_begin();
#pragma unroll
      for (u32 step = 0; step < 4; step++) multiply_64x256x16(sums, rows + 2 * step, columns + 2 * step, slice || step);
      wgmma_commit();
      if (OVERLAPPING) {
        wgmma_wait<1>();
        if (slice) release(s, turn - 1);
      } else {
        wgmma_wait<0>(sums);
        release(s, turn);
      }
    }
    if (OVERLAPPING) {
      wgmma_wait<0>(sums);  // the last of the tile
      release(s, turn - 1);
    }
#pragma unroll
    for (u32 j = 0; j < 32; j++)
#pragma unroll
      for (u32 i = 0; i < 4; i++) {
        const u32 row = first + 8 * (i / 2), column = tile + 8 * j + 2 * (lane % 4) + i % 2;
        if (row < a.n && column < a.m) a.out[u64(row) * a.m + column] = sums[j][i];
      }
  }
}

// A warpgroup copies, two multiply: 64 rows each.
template <bool OVERLAPPING> DEVICE void pipeline(PipelineShared& s, const SelftestPipelineArguments& a) {
  const u32 slices = (a.depth + SLICE - 1) / SLICE, group = threadIdx.x / 128;
  if (threadIdx.x == 0) {
    for (u32 stage = 0; stage < STAGES; stage++) {
      barrier_init(&s.full[stage], 1);
      barrier_init(&s.empty[stage], CONSUMERS * 128 / RELEASING);
    }
    barrier_init_visible();
  }
  __syncthreads();  // the barriers are there
  if (group == CONSUMERS) {
    registers_give<40>();
    if (threadIdx.x % 128 == 0) produce(s, a, slices);
  } else {
    registers_take<232>();
    consume<OVERLAPPING>(s, a, slices, group);
  }
}

#if !defined(__CUDACC__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
KERNEL(selftest_pipeline, SelftestPipelineArguments, 384, 1) {
  DYNAMIC_SHARED(PipelineShared, s);
  pipeline<false>(*s, a);
}

KERNEL(selftest_overlap, SelftestPipelineArguments, 384, 1) {
  DYNAMIC_SHARED(PipelineShared, s);
  pipeline<true>(*s, a);
}
#endif
