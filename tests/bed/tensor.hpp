// Tensor cores: their arithmetic, and the instructions that the lanes of one warp execute together.
#pragma once
#include "machine.hpp"

namespace bed {

using u16 = std::uint16_t;

constexpr u32 STEP = 16;  // products that one instruction adds to a sum

// For j < width, a multiple of 8: sums[j] += the sum over k < STEP of one[k] many[k][j]. The factors are halves.
//
// As careless as a tensor core may be: each of the products, which are exact, and the sum so far is truncated toward zero to
// a multiple of 2^(E - 23), E the exponent of the largest of these 17, where factors below 2^-14, zero too, count as 2^-14:
// tensor cores do not shift such a factor's leading zeros away. They are added exactly; what comes out is truncated toward zero
// to 24 bits. NaN where one of them is not finite.
void multiply_add(float* sums, const float* one, const float* many, u32 width);

// Exact.
void widen_halves(float* wide, const u16* halves, u32 count);
// To nearest even. NaN for what half's range does not hold.
u16 half_of(float x);

// The primitives of these names in kernels/ptx.cuh.
void load_matrices(u32* out, const void* row);
void multiply_16x8x16(float* sums, const u32* rows, const u32* columns);
void multiply_16x8x32(std::int32_t* sums, const u32* rows, const u32* columns);

}  // namespace bed
