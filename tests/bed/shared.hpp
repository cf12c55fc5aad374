// Shared memory, filled with NaN when a block first touches it.
#pragma once
#include "machine.hpp"

namespace bed {

// One static array of one kernel. All of them have a place of their own in a block's memory.
class SharedSite {
 public:
  SharedSite(std::size_t bytes, const char* name);

  void* memory() const {
    Block& block = *machine->current->block;
    if (!(block.poisoned[id / 64] >> (id % 64) & 1)) declare(block);
    return block.shared + offset;
  }

 private:
  void declare(Block& block) const;

  u32 id, bytes;
  std::size_t offset;
  const char* name;
};

// The dynamic shared memory of this block, as large as the launch asked for.
void* dynamic_shared(Site site);

// Whether these bytes are shared memory of the block that runs now.
bool is_shared(const void* memory, u32 bytes);
// Where in the block's shared memory the dynamic part begins: the device keeps the first bytes for itself.
constexpr u32 DYNAMIC_BEGIN = 1024;
// The address, within shared memory, of something in its dynamic part.
u32 shared_address(const void* shared);
// What is at that address, if all these bytes belong to the launch's dynamic memory, otherwise null.
u8* dynamic_at(const Block& block, u32 address, u32 bytes);

// cp.async: nothing arrives before the matching wait, and `to` is spoiled until then. Under a seed some arrive at once.
void copy_later(void* to, const void* from);
void commit_copies();
void await_copies(u32 groups_in_flight);

}  // namespace bed
