// Tensor cores, a warp at a time.
#include "ptx.cuh"
#include "selftest.cuh"

// out[i] = in[i] as a half.
KERNEL(selftest_halves, SelftestArguments, 256, 1) {
  const u32 i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < a.n) reinterpret_cast<F16*>(a.out)[i] = to_f16(a.in[i]);
}

// A block: sums (16, 8) += rows (16, 16) columns (8, 16)^T. `in` has the halves of rows and of columns, then the sums.
KERNEL(selftest_multiply, SelftestArguments, 32, 1) {
  const u32* rows = reinterpret_cast<const u32*>(a.in) + blockIdx.x * 320;
  const u32 *columns = rows + 128, g = threadIdx.x / 4, t = threadIdx.x % 4;
  const u32 of_rows[4] = {rows[8 * g + t], rows[8 * (g + 8) + t], rows[8 * g + t + 4], rows[8 * (g + 8) + t + 4]};
  const u32 of_columns[2] = {columns[8 * g + t], columns[8 * g + t + 4]};
  const auto at = [&](u32 i) { return 8 * (g + 8 * (i / 2)) + 2 * t + i % 2; };
  float sums[4];
  for (u32 i = 0; i < 4; i++) sums[i] = __uint_as_float(rows[192 + at(i)]);
  multiply_16x8x16(sums, of_rows, of_columns);
  for (u32 i = 0; i < 4; i++) a.out[blockIdx.x * 128 + at(i)] = sums[i];
}

// A block: sums (16, 8) += rows (16, 32) columns (8, 32)^T of int8 values. `in` has those of rows and of columns, then the sums.
KERNEL(selftest_multiply_int8, SelftestArguments, 32, 1) {
  const u32* rows = reinterpret_cast<const u32*>(a.in) + blockIdx.x * 320;
  const u32 *columns = rows + 128, g = threadIdx.x / 4, t = threadIdx.x % 4;
  u32 of_rows[4], of_columns[2];
  for (u32 r = 0; r < 4; r++) of_rows[r] = rows[8 * (g + 8 * (r % 2)) + t + 4 * (r / 2)];
  for (u32 r = 0; r < 2; r++) of_columns[r] = columns[8 * g + t + 4 * r];
  const auto at = [&](u32 i) { return 8 * (g + 8 * (i / 2)) + 2 * t + i % 2; };
  i32 sums[4];
  for (u32 i = 0; i < 4; i++) sums[i] = i32(rows[192 + at(i)]);
  multiply_16x8x32(sums, of_rows, of_columns);
  for (u32 i = 0; i < 4; i++) reinterpret_cast<i32*>(a.out)[blockIdx.x * 128 + at(i)] = sums[i];
}

constexpr u32 SLICE = 32, PITCH = 40;

// A thread's part of one slice of 32 rows of `depth` halves.
DEVICE void copy_slice(F16 (&rows)[32][PITCH], const F16* in, u32 depth) {
  for (u32 i = threadIdx.x; i < 128; i += 64) cp_async16(&rows[i / 4][i % 4 * 8], in + i / 4 * depth + i % 4 * 8);
  cp_async_commit();
}

// out (32, 32): the products of 32 rows of `n` halves with one another, in slices of which the next is on its way.
KERNEL(selftest_products, SelftestArguments, 64, 1) {
  SHARED(rows, F16[2][32][PITCH]);
  const F16* in = reinterpret_cast<const F16*>(a.in);
  const u32 lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  float sums[4][4] = {};
  copy_slice(rows[0], in, a.n);
  for (u32 k = 0, stage = 0; k < a.n; k += SLICE, stage = 1 - stage) {
    if (k + SLICE < a.n) copy_slice(rows[1 - stage], in + k + SLICE, a.n);
    else cp_async_commit();
    cp_async_wait<1>();
    __syncthreads();  // the slice is there
    for (u32 step = 0; step < SLICE; step += 16) {
      u32 of_rows[4], of_columns[2][4];
      load_matrices(of_rows, &rows[stage][16 * warp + lane % 16][step + lane / 16 * 8]);
      for (u32 pair = 0; pair < 2; pair++)
        load_matrices(of_columns[pair], &rows[stage][16 * pair + lane / 16 * 8 + lane % 8][step + lane / 8 % 2 * 8]);
      for (u32 j = 0; j < 4; j++) {
        const u32 columns[2] = {of_columns[j / 2][j % 2 * 2], of_columns[j / 2][j % 2 * 2 + 1]};
        multiply_16x8x16(sums[j], of_rows, columns);
      }
    }
    __syncthreads();  // the slice has been read
  }
  for (u32 j = 0; j < 4; j++)
    for (u32 i = 0; i < 4; i++) a.out[(16 * warp + lane / 4 + 8 * (i / 2)) * 32 + 8 * j + lane % 4 * 2 + i % 2] = sums[j][i];
}
