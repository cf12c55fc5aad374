#include "shared.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sanitizer.hpp"

namespace bed {
namespace {

constexpr std::size_t ALIGNMENT = 128, GAP = 128;  // the gap lets the sanitizer see the end of an array
constexpr u32 STATIC_LIMIT = 48 << 10;
constexpr int NAN_BYTE = 0xff;

std::atomic<u32> sites{0};
std::atomic<std::size_t> used{0};

std::size_t rounded(std::size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

}  // namespace

SharedSite::SharedSite(std::size_t bytes, const char* name)
    : id(sites++), bytes(u32(bytes)), offset(used.fetch_add(rounded(bytes) + GAP)), name(name) {
  if (id < SHARED_SITES && offset + bytes <= STATIC_CAPACITY) return;
  std::fprintf(stderr, "bed: too many shared arrays: %s is number %u\n", name, id);
  std::abort();
}

void SharedSite::declare(Block& block) const {
  block.poisoned[id / 64] |= 1ull << (id % 64);
  block.static_bytes += bytes;
  if (block.static_bytes > STATIC_LIMIT)
    machine->fail("%u bytes of static shared memory with %s; a kernel has %u", block.static_bytes, name, STATIC_LIMIT);
  allow(block.shared + offset, bytes);
  std::memset(block.shared + offset, NAN_BYTE, bytes);
}

void* dynamic_shared(Site site) {
  Block& block = *machine->current->block;
  const u32 bytes = machine->launch->dynamic_bytes;
  u8* memory = block.shared + STATIC_CAPACITY;
  if (!bytes) machine->fail("%s:%d wants dynamic shared memory and the launch gave none", site.file, site.line);
  if (!block.dynamic_poisoned) {
    block.dynamic_poisoned = true;
    allow(memory, bytes);
    std::memset(memory, NAN_BYTE, bytes);
  }
  return memory;
}

bool is_shared(const void* memory, u32 bytes) {
  const u64 from = u64(static_cast<const u8*>(memory) - machine->current->block->shared);
  return from + bytes <= STATIC_CAPACITY || (from >= STATIC_CAPACITY && from + bytes <= STATIC_CAPACITY + machine->launch->dynamic_bytes);
}

u32 shared_address(const void* shared) {
  const u64 offset = u64(static_cast<const u8*>(shared) - machine->current->block->shared) - STATIC_CAPACITY;
  if (offset >= machine->launch->dynamic_bytes) machine->fail("%p is not in dynamic shared memory", shared);
  return DYNAMIC_BEGIN + u32(offset);
}

u8* dynamic_at(const Block& block, u32 address, u32 bytes) {
  const u64 offset = u64(address) - DYNAMIC_BEGIN;
  if (address < DYNAMIC_BEGIN || offset + bytes > machine->launch->dynamic_bytes) return nullptr;
  return block.shared + STATIC_CAPACITY + offset;
}

void copy_later(void* to, const void* from) {
  if (reinterpret_cast<u64>(to) % 16 || reinterpret_cast<u64>(from) % 16)
    machine->fail("cp.async of 16 bytes from %p to %p: not aligned", from, to);
  if (machine->launch->seed && (machine->random() & 1)) {
    std::memcpy(to, from, 16);
    return;
  }
  if (SANITIZED) std::memcpy(to, from, 16);  // an access out of bounds is reported where it is issued
  std::memset(to, NAN_BYTE, 16);
  Thread& thread = *machine->current;
  thread.copies.push_back({to, from, thread.copy_group});
}

void commit_copies() { machine->current->copy_group++; }

void await_copies(u32 groups_in_flight) {
  Thread& thread = *machine->current;
  std::size_t arrived = 0;
  for (const Copy& copy : thread.copies) {
    if (copy.group + groups_in_flight >= thread.copy_group) break;
    std::memcpy(copy.to, copy.from, 16);
    arrived++;
  }
  thread.copies.erase(thread.copies.begin(), thread.copies.begin() + arrived);
}

}  // namespace bed
