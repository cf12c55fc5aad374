// Tells the address sanitizer about memory that this test bed hands out itself.
#pragma once
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
namespace bed {
inline void forbid(const void* memory, std::size_t bytes) { __asan_poison_memory_region(memory, bytes); }
inline void allow(const void* memory, std::size_t bytes) { __asan_unpoison_memory_region(memory, bytes); }
constexpr bool SANITIZED = true;
}  // namespace bed
#else
namespace bed {
inline void forbid(const void*, std::size_t) {}
inline void allow(const void*, std::size_t) {}
constexpr bool SANITIZED = false;
}  // namespace bed
#endif
