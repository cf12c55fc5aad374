#include "warpgroup.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "shared.hpp"
#include "tensor.hpp"

namespace bed {
namespace {

constexpr u32 FULL = 0xffffffffu, COLUMNS = 256, WARP_ROWS = 16, WARPS = 4;

struct Asked {
  float* sums;
  u64 rows, columns;
  bool accumulate;
};

// A matrix in shared memory, as a descriptor tells it.
class Matrix {
 public:
  Matrix(u64 descriptor, u32 rows) : begin(u32(descriptor & 0x3fff) * 16), stride(u32(descriptor >> 32 & 0x3fff) * 16) {
    constexpr u64 SWIZZLE_128 = 1;
    const u64 swizzle = descriptor >> 62, offset = descriptor >> 49 & 7;
    if (swizzle != SWIZZLE_128 || offset) machine->fail("multiply_64x256x16: %#llx is no descriptor of this swizzle", descriptor);
    constexpr u32 LAST_STEP = 96;  // of a row
    if (!dynamic_at(*machine->current->block, begin, (rows / 8 - 1) * stride + 1024 - std::min(begin % 128, LAST_STEP)))
      machine->fail("multiply_64x256x16: the matrix of descriptor %#llx leaves the dynamic shared memory", descriptor);
  }

  // 16 halves of a row: the two chunks of it lie where bits 7 to 9 of their address put them.
  void read(u16* halves, u32 row) const {
    for (u32 chunk = 0; chunk < 2; chunk++) {
      const u32 straight = begin + row / 8 * stride + row % 8 * 128 + chunk * 16;
      const u32 address = straight ^ (straight >> 7 & 7) << 4;
      std::memcpy(halves + 8 * chunk, machine->current->block->shared + STATIC_CAPACITY + address - DYNAMIC_BEGIN, 16);
    }
  }

 private:
  u32 begin, stride;
};

void carry_out(Product& product, const Warp& warp) {
  const Matrix rows(product.rows, 64), columns(product.columns, COLUMNS);
  u16 halves[STEP], turned[STEP][COLUMNS], of_rows[WARP_ROWS][STEP];
  for (u32 column = 0; column < COLUMNS; column++) {
    columns.read(halves, column);
    for (u32 k = 0; k < STEP; k++) turned[k][column] = halves[k];
  }
  const u32 first_row = (warp.first / 32 - warp.block->first_warp) % WARPS * WARP_ROWS;
  for (u32 row = 0; row < WARP_ROWS; row++) rows.read(of_rows[row], first_row + row);
  float wide_columns[STEP * COLUMNS], wide_rows[WARP_ROWS * STEP];
  widen_halves(wide_columns, turned[0], STEP * COLUMNS);
  widen_halves(wide_rows, of_rows[0], WARP_ROWS * STEP);
  auto& sums = product.sums->values;
  if (!product.accumulate) std::memset(sums, 0, sizeof sums);
  for (u32 row = 0; row < WARP_ROWS; row++) multiply_add(sums[row], wide_rows + row * STEP, wide_columns, COLUMNS);
  product.done = true;
}

void carry_out_all(Warp& warp) {
  for (Product& product : warp.products)
    if (!product.done) carry_out(product, warp);
}

// Sum [j][2 h + e] of a lane: row lane / 4 + 8 h of the warp's, column 8 j + 2 (lane % 4) + e.
template <class Move> void each_sum(Sums& sums, Move move) {
  for (u32 lane = 0; lane < 32; lane++)
    for (u32 h = 0; h < 2; h++) {
      float* row = sums.values[lane / 4 + 8 * h] + lane % 4 * 2;
      float* own = sums.of_lanes[lane] + 2 * h;
      for (u32 j = 0; j < COLUMNS / 8; j++, own += 4, row += 8) {
        move(own[0], row[0]);
        move(own[1], row[1]);
      }
    }
}

// From now on these sums are the products', not the lanes'.
Sums& begin_sums(Warp& warp, float* const (&of_lanes)[32], bool accumulate) {
  for (auto& sums : warp.sums)
    if (sums->in_flight && !std::memcmp(sums->of_lanes, of_lanes, sizeof of_lanes)) return *sums;
  auto idle = std::find_if(warp.sums.begin(), warp.sums.end(), [](auto& sums) { return !sums->in_flight; });
  if (idle == warp.sums.end()) idle = warp.sums.insert(idle, std::make_unique<Sums>());
  Sums& sums = **idle;
  std::memcpy(sums.of_lanes, of_lanes, sizeof of_lanes);
  sums.in_flight = 0;
  if (accumulate) each_sum(sums, [](float& own, float& value) { value = own; });
  each_sum(sums, [](float& own, float&) { own = NAN; });
  return sums;
}

void ask_for_all(const u64* values) {
  Warp& warp = *machine->current->warp;
  const Asked& first = *reinterpret_cast<const Asked*>(values[0]);
  float* of_lanes[32];
  for (u32 lane = 0; lane < 32; lane++) {
    const Asked& own = *reinterpret_cast<const Asked*>(values[lane]);
    if (own.rows != first.rows || own.columns != first.columns || own.accumulate != first.accumulate)
      machine->fail("multiply_64x256x16: lanes 0 and %u disagree on the matrices or on accumulating", lane);
    of_lanes[lane] = own.sums;
  }
  const Block& block = *warp.block;
  if ((warp.first / 32 - block.first_warp) / WARPS * WARPS + WARPS > block.warps)
    machine->fail("multiply_64x256x16: the block has no whole warpgroup here");
  if (!warp.ordered) machine->fail("multiply_64x256x16: no wgmma_begin since the start or the last wgmma_wait");
  for (u64 word : {first.rows, first.columns, u64(first.accumulate)}) warp.history = (warp.history ^ word) * 0x9E3779B97F4A7C15ull + 1;
  Sums& sums = begin_sums(warp, of_lanes, first.accumulate);
  sums.in_flight++;
  warp.products.push_back({first.rows, first.columns, first.accumulate, false, warp.groups, &sums});
  if (machine->early()) carry_out_all(warp);
}

void end_group(const u64*) { machine->current->warp->groups++; }

void order(const u64*) { machine->current->warp->ordered = true; }

void wait_for_all(const u64* values) {
  Warp& warp = *machine->current->warp;
  const u32 in_flight = u32(values[machine->current->lane]);
  const auto waits = [&](const Product& product) { return product.group + in_flight < warp.groups; };
  const auto end = std::find_if_not(warp.products.begin(), warp.products.end(), waits);
  for (auto product = warp.products.begin(); product != end; ++product) {
    if (!product->done) carry_out(*product, warp);
    if (--product->sums->in_flight == 0) each_sum(*product->sums, [](float& own, float& value) { own = value; });
  }
  warp.products.erase(warp.products.begin(), end);
  warp.ordered = false;
}

// All lanes, with the same number.
void meet_for_registers(const char* operation, u32 registers) {
  const u64* values = machine->meet_warp({operation, __FILE__, __LINE__}, FULL, registers);
  for (u32 lane = 0; lane < 32; lane++)
    if (values[lane] != registers) machine->fail("%s: lanes disagree, %u and %llu", operation, registers, values[lane]);
}

}  // namespace

void wgmma_begin() { machine->meet_warp({"wgmma_begin", __FILE__, __LINE__}, FULL, 0, order); }
void wgmma_commit() { machine->meet_warp({"wgmma_commit", __FILE__, __LINE__}, FULL, 0, end_group); }
void wgmma_wait(u32 in_flight) { machine->meet_warp({"wgmma_wait", __FILE__, __LINE__}, FULL, in_flight, wait_for_all); }

// No product in flight adds to these sums of this lane.
void wgmma_settled(const float* sums) {
  const Thread& thread = *machine->current;
  for (const auto& each : thread.warp->sums)
    if (each->in_flight && each->of_lanes[thread.lane] == sums) machine->fail("wgmma_wait: products in flight still add to the sums");
}

void multiply_64x256x16(float* sums, u64 rows, u64 columns, bool accumulate) {
  const Asked own{sums, rows, columns, accumulate};
  machine->meet_warp({"multiply_64x256x16", __FILE__, __LINE__}, FULL, reinterpret_cast<u64>(&own), ask_for_all);
}

void registers_give(u32 registers) {
  meet_for_registers("registers_give", registers);
  Thread& thread = *machine->current;
  if (thread.lane == 0) {
    if (registers > thread.warp->registers) machine->fail("registers_give: %u is more than %u", registers, thread.warp->registers);
    thread.block->spare_registers += 32 * (thread.warp->registers - registers);
    thread.warp->registers = registers;
    machine->wake(&thread.block->spare_registers);
  }
  meet_for_registers("registers_give", registers);
}

// Waits for others to give enough.
void registers_take(u32 registers) {
  meet_for_registers("registers_take", registers);
  Thread& thread = *machine->current;
  if (thread.lane == 0) {
    u32 &spare = thread.block->spare_registers, &own = thread.warp->registers;
    if (registers < own) machine->fail("registers_take: %u is less than %u", registers, own);
    while (spare < 32 * (registers - own)) machine->wait_at({"registers_take", __FILE__, __LINE__}, &spare);
    spare -= 32 * (registers - own);
    own = registers;
  }
  meet_for_registers("registers_take", registers);
}

}  // namespace bed
