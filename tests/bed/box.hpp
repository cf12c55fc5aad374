// Matrices in global memory, and boxes of them that copy themselves to shared memory: TMA.
#pragma once
#include "machine.hpp"

namespace bed {

// The map that the fake driver makes of the arguments of cuTensorMapEncodeTiled: rows of halves, the 128-byte swizzle.
struct alignas(64) TensorMap {
  static constexpr u64 MARK = 0x70616d726f736e65;
  u64 mark, address, rows, columns, row_bytes;
  u32 box_rows, box_columns;
  u64 unused[10];
};
static_assert(sizeof(TensorMap) == 128);

// The primitive of this name in kernels/ptx_90a.cuh. The bytes come when no thread can go on, under a seed at any time; until
// then their place is NaN.
void copy_box(void* shared, const void* map, u64* barrier, u32 column, u32 row);
void deliver(const Box& box);

}  // namespace bed
