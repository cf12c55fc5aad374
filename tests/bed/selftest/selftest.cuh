// What the kernels of the self-test are given.
#pragma once
#include "portable.cuh"

struct SelftestArguments {
  const float* in;
  float* out;
  u32* counters;
  u32 n, rounds;
};
