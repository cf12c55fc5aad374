#include "box.hpp"

#include <algorithm>
#include <cstring>

#include "barrier.hpp"
#include "driver.hpp"
#include "shared.hpp"

namespace bed {
namespace {

constexpr u32 CHUNK = 16, ROW_BYTES = 128, GROUP_BYTES = 1024, HALF_BYTES = 2;
constexpr int NAN_BYTE = 0xff;

u32 bytes_of(const TensorMap& map) { return map.box_rows * ROW_BYTES; }

// Eight halves of a row, those outside the matrix being zero.
void copy_chunk(u8* to, const TensorMap& map, u64 row, u64 column) {
  constexpr u32 HALVES = CHUNK / HALF_BYTES;
  const u64 inside = row < map.rows && column < map.columns ? std::min<u64>(map.columns - column, HALVES) : 0;
  if (inside) std::memcpy(to, reinterpret_cast<const u8*>(map.address + row * map.row_bytes + column * HALF_BYTES), inside * HALF_BYTES);
  std::memset(to + inside * HALF_BYTES, 0, CHUNK - inside * HALF_BYTES);
}

// All memory that is read must be the device's.
void check_source(const Box& box) {
  const TensorMap& map = *box.map;
  if (box.row >= map.rows || box.column >= map.columns) return;
  const u64 rows = std::min<u64>(map.box_rows, map.rows - box.row);
  const u64 columns = std::min<u64>(map.box_columns, map.columns - box.column);
  const Pointer first = map.address + box.row * map.row_bytes + box.column * u64(HALF_BYTES);
  if (!allocated(first, (rows - 1) * map.row_bytes + columns * HALF_BYTES))
    machine->fail("copy_box: the box at column %u, row %u is not one allocation's", box.column, box.row);
}

}  // namespace

void copy_box(void* shared, const void* map, u64* barrier, u32 column, u32 row) {
  const Box box{machine->current->block, barrier, static_cast<u8*>(shared), static_cast<const TensorMap*>(map), column, row};
  if (reinterpret_cast<u64>(map) % alignof(TensorMap) || box.map->mark != TensorMap::MARK)
    machine->fail("copy_box: %p is no tensor map", map);
  if (reinterpret_cast<u64>(shared) % GROUP_BYTES) machine->fail("copy_box: to %p, which is not aligned to 1024", shared);
  if (!dynamic_at(*box.block, shared_address(shared), bytes_of(*box.map)))
    machine->fail("copy_box: a box of %u bytes leaves the dynamic shared memory", bytes_of(*box.map));
  check_visible(barrier);
  check_source(box);
  std::memset(shared, NAN_BYTE, bytes_of(*box.map));
  if (machine->early())
    deliver(box);
  else
    machine->boxes.push_back(box);
}

void deliver(const Box& box) {
  for (u32 row = 0; row < box.map->box_rows; row++)
    for (u32 chunk = 0; chunk < ROW_BYTES / CHUNK; chunk++)
      copy_chunk(box.to + row * ROW_BYTES + (chunk ^ row % 8) * CHUNK, *box.map, u64(box.row) + row,
                 u64(box.column) + chunk * (CHUNK / HALF_BYTES));
  count_bytes(box.barrier, bytes_of(*box.map));
}

}  // namespace bed
