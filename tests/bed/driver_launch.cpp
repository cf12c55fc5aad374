// Modules, functions and launches. An image is only looked at: the kernels are those linked into this library.
#include <algorithm>
#include <cstring>

#include "driver.hpp"

namespace bed {
namespace {

constexpr u32 SHARED_A_MULTIPROCESSOR = 228 << 10, SHARED_A_BLOCK = 227 << 10, RESERVED_A_BLOCK = 1 << 10;
constexpr u32 THREADS_A_MULTIPROCESSOR = 2048, BLOCKS_A_MULTIPROCESSOR = 32;

bool is_image(const void* image) {
  constexpr u32 FATBIN = 0xba55ed50;
  const u8* bytes = static_cast<const u8*>(image);
  if (!bytes) return false;
  if (bytes[0] == '/' || bytes[0] == '.') return true;  // PTX begins with a comment or a directive
  u32 magic;
  std::memcpy(&magic, bytes, sizeof magic);
  return magic == FATBIN || !std::memcmp(bytes, "\177ELF", 4);
}

// As many as the kernel was declared for, fewer if threads or shared memory do not allow them.
u32 resident_blocks(const Function& function, u32 threads, u32 dynamic_bytes) {
  if (!threads || threads > function.kernel->max_threads || dynamic_bytes > u32(function.dynamic_limit)) return 0;
  const u32 by_threads = THREADS_A_MULTIPROCESSOR / ((threads + 31) / 32 * 32);
  const u32 by_shared = SHARED_A_MULTIPROCESSOR / (dynamic_bytes + RESERVED_A_BLOCK);
  const u32 declared = std::max(function.kernel->min_blocks, 1u);
  return std::min({by_threads, by_shared, declared, BLOCKS_A_MULTIPROCESSOR});
}

int check(const Function& function, const Operation& launch) {
  const Kernel& kernel = *function.kernel;
  const u64 threads = launch.block.count();
  if (!function.module->loaded) misuse("%s is launched after its module was unloaded", kernel.name);
  if (!launch.grid.count() || !threads) return refuse(INVALID_VALUE, "%s: an empty grid or block", kernel.name);
  if (launch.grid.y > 65535 || launch.grid.z > 65535) return refuse(INVALID_VALUE, "%s: more than 65535 blocks in y or z", kernel.name);
  if (threads > 1024) return refuse(INVALID_VALUE, "%s: %llu threads a block", kernel.name, threads);
  if (threads > kernel.max_threads)
    return refuse(INVALID_VALUE, "%s: %llu threads a block, declared for %u", kernel.name, threads, kernel.max_threads);
  if (launch.dynamic_bytes > u32(function.dynamic_limit))
    return refuse(INVALID_VALUE, "%s: %u dynamic shared bytes, allowed are %d", kernel.name, launch.dynamic_bytes, function.dynamic_limit);
  const u64 resident = resident_blocks(function, u32(threads), launch.dynamic_bytes) * u64(knobs.multiprocessors);
  if (launch.cooperative && launch.grid.count() > resident)
    return refuse(COOPERATIVE_LAUNCH_TOO_LARGE, "%s: %llu blocks, %llu fit", kernel.name, launch.grid.count(), resident);
  return SUCCESS;
}

// Every word of the arguments that is the address of device memory must be of the device that is to read it.
void check_memory(const Operation& launch, int device) {
  for (std::size_t at = 0; at + sizeof(Pointer) <= launch.data.size(); at += sizeof(Pointer)) {
    Pointer pointer;
    std::memcpy(&pointer, launch.data.data() + at, sizeof pointer);
    const int held = holder(pointer);
    if (held >= 0 && held != device)
      misuse("%s on device %d is given memory of device %d", launch.function->kernel->name, device, held);
  }
}

int launch(Operation&& operation, void** parameters, void** extra, void* handle) {
  if (const int refused = bound_status()) return refused;
  const Function& function = *operation.function;
  Stream& stream = *stream_of(handle);
  if (stream.context != function.module->context)
    return refuse(INVALID_HANDLE, "%s: loaded on device %d, launched on device %d", function.kernel->name, function.module->context->device,
                  stream.context->device);
  if (const int refused = check(function, operation)) return refused;
  if (extra || !parameters || !parameters[0]) return refuse(INVALID_VALUE, "%s: no parameters", function.kernel->name);
  const u8* arguments = static_cast<const u8*>(parameters[0]);
  operation.data.assign(arguments, arguments + function.kernel->argument_bytes);
  check_memory(operation, stream.context->device);
  return submit(stream, std::move(operation));
}

u64 next_seed() {
  thread_local u64 launches = 0;
  const u64 seed = u64(knobs.seed.load());
  return seed ? seed + 0x9E3779B97F4A7C15ull * launches++ : 0;
}

bool was_the_last(int device) {
  const bool counts = knobs.lose_device < 0 || knobs.lose_device == device;
  return counts && knobs.lose_after > 0 && --knobs.lose_after == 0;
}

}  // namespace

void execute_launch(const Operation& operation, int device) {
  const Kernel& kernel = *operation.function->kernel;
  counting.launches++;
  counting.cooperative_launches += operation.cooperative;
  kernel.launches++;
  if (was_the_last(device)) return lose(device, int(knobs.lose_status));
  struct alignas(64) Line { u8 bytes[64]; };  // as aligned as the device's parameters
  std::vector<Line> arguments((operation.data.size() + sizeof(Line) - 1) / sizeof(Line));
  std::memcpy(arguments.data(), operation.data.data(), operation.data.size());
  run({&kernel, arguments.data(), operation.grid, operation.block, operation.dynamic_bytes, operation.cooperative, next_seed()});
}

}  // namespace bed

using namespace bed;

API cuModuleLoadData(Module** module, const void* image) {
  if (const int refused = bound_status()) return refused;
  if (knobs.module_error) return int(knobs.module_error);
  if (!is_image(image)) return INVALID_IMAGE;
  *module = new Module(bound);
  return SUCCESS;
}
// A module is marked and kept: functions of it may still be launched by mistake.
API cuModuleUnload(Module* module) {
  ENTER();
  drain_everything();
  module->loaded = false;
  return SUCCESS;
}
API cuModuleGetFunction(Function** function, Module* module, const char* name) {
  ENTER();
  const Kernel* kernel = find_kernel(name);
  if (!kernel) return refuse(NOT_FOUND, "no kernel is named %s", name);
  *function = new Function{kernel, module};
  return SUCCESS;
}
API cuModuleGetGlobal_v2(Pointer*, std::size_t*, Module*, const char*) { return NOT_FOUND; }

API cuFuncGetParamInfo(Function* function, std::size_t index, std::size_t* offset, std::size_t* bytes) {
  ENTER();
  if (index) return INVALID_VALUE;
  *offset = 0;
  if (bytes) *bytes = function->kernel->argument_bytes;
  return SUCCESS;
}
API cuFuncSetAttribute(Function* function, int which, int value) {
  ENTER();
  constexpr int MAX_DYNAMIC_SHARED = 8;
  if (which != MAX_DYNAMIC_SHARED) return SUCCESS;
  if (value < 0 || u32(value) > SHARED_A_BLOCK)
    return refuse(INVALID_VALUE, "%s: %d dynamic shared bytes; a block has at most %u", function->kernel->name, value, SHARED_A_BLOCK);
  function->dynamic_limit = value;
  return SUCCESS;
}
API cuFuncGetAttribute(int* value, int which, Function* function) {
  ENTER();
  switch (which) {
    case 0: *value = int(function->kernel->max_threads); break;
    case 4: *value = int(65536 / (function->kernel->max_threads * std::max(function->kernel->min_blocks, 1u))); break;
    case 5: case 6: *value = 90; break;
    case 8: *value = function->dynamic_limit; break;
    default: *value = 0;
  }
  return SUCCESS;
}
API cuFuncSetCacheConfig(Function*, int) { return entry_status(); }
API cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Function* function, int threads, std::size_t dynamic_bytes) {
  ENTER();
  *blocks = int(resident_blocks(*function, u32(threads), u32(dynamic_bytes)));
  return SUCCESS;
}
API cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, Function* function, int threads, std::size_t dynamic_bytes, unsigned) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, threads, dynamic_bytes);
}

API cuLaunchKernel(Function* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned dynamic_bytes, void* stream, void** parameters, void** extra) {
  Operation operation{Operation::LAUNCH};
  operation.function = function;
  operation.grid = {gx, gy, gz};
  operation.block = {bx, by, bz};
  operation.dynamic_bytes = dynamic_bytes;
  return launch(std::move(operation), parameters, extra, stream);
}
API cuLaunchCooperativeKernel(Function* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                              unsigned bz, unsigned dynamic_bytes, void* stream, void** parameters) {
  Operation operation{Operation::LAUNCH};
  operation.function = function;
  operation.grid = {gx, gy, gz};
  operation.block = {bx, by, bz};
  operation.dynamic_bytes = dynamic_bytes;
  operation.cooperative = true;
  return launch(std::move(operation), parameters, nullptr, stream);
}

namespace {

// CUlaunchConfig and CUlaunchAttribute, as far as they are read here.
struct LaunchAttribute {
  int id;
  char pad[4];
  union { int flag; char bytes[64]; } value;
};
struct LaunchConfig {
  unsigned gx, gy, gz, bx, by, bz, dynamic_bytes;
  void* stream;
  const LaunchAttribute* attributes;
  unsigned count;
};

}  // namespace

API cuLaunchKernelEx(const LaunchConfig* config, Function* function, void** parameters, void** extra) {
  constexpr int COOPERATIVE = 2;
  Operation operation{Operation::LAUNCH};
  operation.function = function;
  operation.grid = {config->gx, config->gy, config->gz};
  operation.block = {config->bx, config->by, config->bz};
  operation.dynamic_bytes = config->dynamic_bytes;
  for (unsigned i = 0; i < config->count; i++)
    if (config->attributes[i].id == COOPERATIVE) operation.cooperative = config->attributes[i].value.flag != 0;
  return launch(std::move(operation), parameters, extra, config->stream);
}
