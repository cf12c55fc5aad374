// The kernels linked into this library, known by name.
#pragma once
#include <atomic>
#include <cstdint>

namespace bed {

struct Kernel {
  Kernel(const char* name, std::uint32_t argument_bytes, std::uint32_t max_threads, std::uint32_t min_blocks,
         void (*body)(const void*));

  const char* const name;
  const std::uint32_t argument_bytes;
  const std::uint32_t max_threads;
  const std::uint32_t min_blocks;
  void (*const body)(const void* arguments);
  mutable std::atomic<std::uint64_t> launches{0};
  Kernel* const next;
};

extern Kernel* kernels;  // a list through `next`

const Kernel* find_kernel(const char* name);

}  // namespace bed
