// What the kernels of the self-test are given.
#pragma once
#include "ptx_90a.cuh"

struct SelftestArguments {
  const float* in;
  float* out;
  u32* counters;
  u32 n, rounds;
};

// out (n, m): the products of `n` rows with `m` columns, of `depth` halves each.
struct SelftestPipelineArguments {
  TensorMap rows, columns;
  float* out;
  u32 n, m, depth;
};
