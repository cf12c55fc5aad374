#include "tensor.hpp"

#include <cstring>

#include "shared.hpp"

// Four times as fast as what every x86-64 has. The sanitizer is not ready when the choice between the two is made.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define VECTORIZED __attribute__((target_clones("avx2", "default")))
#else
#define VECTORIZED
#endif

namespace bed {
namespace {

constexpr u32 FULL = 0xffffffffu, LANES = 8;
constexpr u32 STEP_INT8 = 32;  // products of int8 values that one instruction adds to a sum
using Floats = float __attribute__((vector_size(4 * LANES), aligned(4)));
using Ints = std::int32_t __attribute__((vector_size(4 * LANES), aligned(4)));

constexpr int MANTISSA = 23, BIAS = 127;
constexpr int MAGNITUDE = 0x7fffffff, INFINITE = 0x7f800000, SIGN = ~MAGNITUDE, NAN_BITS = MAGNITUDE;
constexpr u16 HALF_NAN = 0x7fff;
constexpr float LEAST_NORMAL = 0x1p-14f;  // of halves

u32 bits_of(float x) {
  u32 bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

// Factors' sizes as their exponents tell: below the normal numbers all have those numbers' least.
float seen_size(float factor) {
  const float size = __builtin_fabsf(factor);
  return size < LEAST_NORMAL ? LEAST_NORMAL : size;
}

Floats seen_size(Floats factors) {
  const Floats size = Floats(Ints(factors) & MAGNITUDE);
  return size < LEAST_NORMAL ? Floats{} + LEAST_NORMAL : size;
}

struct Loading {
  u32* out;
  const u8* row;
};

struct Multiplying {
  float* sums;
  const u32 *rows, *columns;
};

struct MultiplyingInt8 {
  std::int32_t* sums;
  const u32 *rows, *columns;
};

template <class T> const T& brought(const u64* values, u32 lane) { return *reinterpret_cast<const T*>(values[lane]); }

void load_for_all(const u64* values) {
  for (u32 lane = 0; lane < 32; lane++)
    for (u32 matrix = 0; matrix < 4; matrix++) {
      const u8* row = brought<Loading>(values, 8 * matrix + lane / 4).row;
      std::memcpy(&brought<Loading>(values, lane).out[matrix], row + 4 * (lane % 4), 4);
    }
}

// Register r of lane l holds values 2 (l % 4) + 8 (r / 2), + 1 of row l / 4 + 8 (r % 2). Here the rows are `many`.
void multiply_for_all(const u64* values) {
  u16 rows[STEP][16], columns[8][STEP];
  for (u32 lane = 0; lane < 32; lane++) {
    const Multiplying& own = brought<Multiplying>(values, lane);
    const u32 row = lane / 4, k = lane % 4 * 2;
    for (u32 r = 0; r < 4; r++) {
      rows[k + 8 * (r / 2)][row + 8 * (r % 2)] = u16(own.rows[r]);
      rows[k + 8 * (r / 2) + 1][row + 8 * (r % 2)] = u16(own.rows[r] >> 16);
    }
    for (u32 r = 0; r < 2; r++) std::memcpy(&columns[row][k + 8 * r], &own.columns[r], 4);
  }
  float wide_rows[STEP * 16], wide_columns[8 * STEP], sums[8][16];
  widen_halves(wide_rows, rows[0], STEP * 16);
  widen_halves(wide_columns, columns[0], 8 * STEP);
  const auto each = [&](auto move) {
    for (u32 lane = 0; lane < 32; lane++)
      for (u32 i = 0; i < 4; i++)
        move(brought<Multiplying>(values, lane).sums[i], sums[lane % 4 * 2 + i % 2][lane / 4 + 8 * (i / 2)]);
  };
  each([](float& own, float& shared) { shared = own; });
  for (u32 column = 0; column < 8; column++) multiply_add(sums[column], wide_columns + column * STEP, wide_rows, 16);
  each([](float& own, float& shared) { own = shared; });
}

// Register r of lane l holds values 4 (l % 4) + 16 (r / 2) and three more of row l / 4 + 8 (r % 2). Sums wrap.
void multiply_int8_for_all(const u64* values) {
  std::int8_t rows[16][STEP_INT8], columns[8][STEP_INT8];
  for (u32 lane = 0; lane < 32; lane++) {
    const MultiplyingInt8& own = brought<MultiplyingInt8>(values, lane);
    const u32 row = lane / 4, k = lane % 4 * 4;
    for (u32 r = 0; r < 4; r++) std::memcpy(&rows[row + 8 * (r % 2)][k + 16 * (r / 2)], &own.rows[r], 4);
    for (u32 r = 0; r < 2; r++) std::memcpy(&columns[row][k + 16 * r], &own.columns[r], 4);
  }
  for (u32 lane = 0; lane < 32; lane++)
    for (u32 i = 0; i < 4; i++) {
      const std::int8_t *row = rows[lane / 4 + 8 * (i / 2)], *column = columns[lane % 4 * 2 + i % 2];
      std::int32_t product = 0;
      for (u32 k = 0; k < STEP_INT8; k++) product += row[k] * column[k];
      std::int32_t& sum = brought<MultiplyingInt8>(values, lane).sums[i];
      sum = std::int32_t(u32(sum) + u32(product));
    }
}

}  // namespace

VECTORIZED void multiply_add(float* sums, const float* one, const float* many, u32 width) {
  for (u32 first = 0; first < width; first += LANES) {
    Floats& sum = *reinterpret_cast<Floats*>(sums + first);
    Floats products[STEP];
    Ints largest = Ints(sum) & MAGNITUDE;
#pragma GCC unroll 16
    for (u32 k = 0; k < STEP; k++) {
      const Floats& others = *reinterpret_cast<const Floats*>(many + k * width + first);
      products[k] = one[k] * others;
      const Ints size = Ints(seen_size(one[k]) * seen_size(others));
      largest = largest > size ? largest : size;
    }
    // 2^E, times 2^(23 - E): the last bit that is kept has the weight 1.
    const Ints exponent = largest & INFINITE;
    const Floats unit = Floats(((2 * BIAS + MANTISSA) << MANTISSA) - exponent);
    Ints total = __builtin_convertvector(sum * unit, Ints);
#pragma GCC unroll 16
    for (u32 k = 0; k < STEP; k++) total += __builtin_convertvector(products[k] * unit, Ints);
    // The conversion rounds to nearest: where that is up, the number before.
    const Ints size = total < 0 ? -total : total;
    const Floats nearest = __builtin_convertvector(size, Floats);
    const Ints cut = Ints(nearest) + (__builtin_convertvector(nearest, Ints) > size);
    sum = Floats(cut | (total & SIGN)) * Floats(exponent - (MANTISSA << MANTISSA));
    sum = Floats(Ints(sum) | ((largest >= INFINITE) & NAN_BITS));
  }
}

VECTORIZED void widen_halves(float* wide, const u16* halves, u32 count) {
  constexpr u32 HALF_INFINITE = 0x7c00, MAGNITUDE_OF_HALF = 0x7fff, MORE_MANTISSA = 13;
  for (u32 i = 0; i < count; i++) {
    const u32 half = halves[i], size = half & MAGNITUDE_OF_HALF;
    float value;
    const u32 bits = size << MORE_MANTISSA;
    std::memcpy(&value, &bits, sizeof value);
    value *= 0x1p112f;  // the exponents' biases differ by as much
    const u32 ready = bits_of(value) | (half & ~MAGNITUDE_OF_HALF) << 16 | (size >= HALF_INFINITE ? u32(INFINITE) : 0);
    std::memcpy(&wide[i], &ready, sizeof ready);
  }
}

u16 half_of(float x) {
  const u32 bits = bits_of(x), size = bits & u32(MAGNITUDE), sign = bits >> 16 & 0x8000;
  float value;
  std::memcpy(&value, &size, sizeof value);
  if (!(value < 65520.0f)) return HALF_NAN;
  if (value < 0x1p-14f) return u16(sign | (bits_of(value * 0x1p24f + 0x1p23f) - bits_of(0x1p23f)));  // in units of 2^-24
  return u16(sign | (((size + 0xfff + (size >> 13 & 1)) >> 13) - (112 << 10)));
}

void load_matrices(u32* out, const void* row) {
  if (reinterpret_cast<u64>(row) % 16) machine->fail("load_matrices: lane %u gives %p, which is not aligned", machine->current->lane, row);
  if (!is_shared(row, 16))
    machine->fail("load_matrices: lane %u gives %p, which is not in shared memory", machine->current->lane, row);
  const Loading own{out, static_cast<const u8*>(row)};
  machine->meet_warp({"load_matrices", __FILE__, __LINE__}, FULL, reinterpret_cast<u64>(&own), load_for_all);
}

void multiply_16x8x16(float* sums, const u32* rows, const u32* columns) {
  const Multiplying own{sums, rows, columns};
  machine->meet_warp({"multiply_16x8x16", __FILE__, __LINE__}, FULL, reinterpret_cast<u64>(&own), multiply_for_all);
}

void multiply_16x8x32(std::int32_t* sums, const u32* rows, const u32* columns) {
  const MultiplyingInt8 own{sums, rows, columns};
  machine->meet_warp({"multiply_16x8x32", __FILE__, __LINE__}, FULL, reinterpret_cast<u64>(&own), multiply_int8_for_all);
}

}  // namespace bed
