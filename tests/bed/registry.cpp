#include "registry.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bed {

Kernel* kernels = nullptr;

Kernel::Kernel(const char* name, std::uint32_t argument_bytes, std::uint32_t max_threads, std::uint32_t min_blocks,
               void (*body)(const void*))
    : name(name), argument_bytes(argument_bytes), max_threads(max_threads), min_blocks(min_blocks), body(body), next(kernels) {
  if (find_kernel(name)) {
    std::fprintf(stderr, "bed: two kernels are named %s\n", name);
    std::abort();
  }
  kernels = this;
}

const Kernel* find_kernel(const char* name) {
  for (const Kernel* kernel = kernels; kernel; kernel = kernel->next)
    if (!std::strcmp(kernel->name, name)) return kernel;
  return nullptr;
}

}  // namespace bed
