// Maps of matrices in global memory.
#include "box.hpp"
#include "driver.hpp"

namespace bed {
namespace {

constexpr int FLOAT16 = 6, SWIZZLE_128 = 3;
constexpr unsigned HALF_BYTES = 2, ALIGNMENT = 16, MOST_CELLS = 256, SWIZZLED_BYTES = 128;

struct Tiling {
  int type;
  unsigned rank;
  Pointer address;
  const std::uint64_t *sizes, *row_bytes;
  const unsigned *box, *steps;
  int interleave, swizzle, promotion, fill;
};

// Whether the test bed cannot do this map.
bool foreign(const Tiling& t) {
  return t.type != FLOAT16 || t.rank != 2 || t.interleave || t.swizzle != SWIZZLE_128 || t.fill || t.box[0] * HALF_BYTES != SWIZZLED_BYTES;
}

int check(const Tiling& t) {
  if (!t.address || t.address % ALIGNMENT) return refuse(INVALID_VALUE, "a tensor map of %#llx, which is not aligned to 16", t.address);
  for (unsigned i = 0; i < 2; i++) {
    if (!t.sizes[i] || t.sizes[i] > 1ull << 32) return refuse(INVALID_VALUE, "a tensor map of size %llu", u64(t.sizes[i]));
    if (!t.box[i] || t.box[i] > MOST_CELLS) return refuse(INVALID_VALUE, "a box of size %u", t.box[i]);
    if (t.steps[i] != 1) return refuse(t.steps[i] && t.steps[i] <= 8 ? NOT_SUPPORTED : INVALID_VALUE, "a box in steps of %u", t.steps[i]);
  }
  if (t.row_bytes[0] % ALIGNMENT || t.row_bytes[0] >= 1ull << 40 || t.row_bytes[0] < t.sizes[0] * HALF_BYTES)
    return refuse(INVALID_VALUE, "a tensor map with rows of %llu halves %llu bytes apart", u64(t.sizes[0]), u64(t.row_bytes[0]));
  if (t.promotion < 0 || t.promotion > 3) return refuse(INVALID_VALUE, "a tensor map with L2 promotion %d", t.promotion);
  return SUCCESS;
}

}  // namespace
}  // namespace bed

using namespace bed;

API cuTensorMapEncodeTiled(TensorMap* map, int type, unsigned rank, Pointer address, const std::uint64_t* sizes,
                           const std::uint64_t* strides, const unsigned* box, const unsigned* steps, int interleave, int swizzle,
                           int promotion, int fill) {
  if (const int refused = bound_status()) return refused;
  if (knobs.capability < 90) return refuse(NOT_SUPPORTED, "a tensor map for a device that has none");
  const Tiling tiling{type, rank, address, sizes, strides, box, steps, interleave, swizzle, promotion, fill};
  if (reinterpret_cast<u64>(map) % alignof(TensorMap)) return refuse(INVALID_VALUE, "a tensor map to %p", static_cast<void*>(map));
  if (type == FLOAT16 && swizzle == SWIZZLE_128 && rank && box[0] * HALF_BYTES > SWIZZLED_BYTES)
    return refuse(INVALID_VALUE, "a box of %u halves a row: the swizzle has %u bytes", box[0], SWIZZLED_BYTES);
  if (foreign(tiling)) return refuse(NOT_SUPPORTED, "a tensor map of a kind that the test bed does not know");
  if (const int refused = check(tiling)) return refused;
  *map = {TensorMap::MARK, address, sizes[1], sizes[0], strides[0], box[1], box[0], {}};
  return SUCCESS;
}
