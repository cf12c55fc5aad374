// Memory: allocations with bounds, and the copies and fills that streams carry out later.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "driver.hpp"
#include "guard.hpp"
#include "sanitizer.hpp"

namespace bed {
namespace {

constexpr int POISON = 0xff, GUARD = 0xa5;
// Guards on both sides of an allocation. The sanitizer brings its own.
constexpr std::size_t ALIGNMENT = 512, GUARD_BYTES = SANITIZED ? 0 : 512;

struct Allocation {
  std::size_t bytes;
  int device;
  bool is_guarded;
};

std::mutex mutex;
std::map<Pointer, Allocation> allocations;
std::map<Pointer, std::size_t> pins;
std::size_t used[16];

template <class Map> bool within(const Map& ranges, Pointer pointer, std::size_t bytes, std::size_t (*size)(const typename Map::mapped_type&)) {
  auto after = ranges.upper_bound(pointer);
  if (after == ranges.begin()) return false;
  --after;
  return pointer + bytes <= after->first + size(after->second);
}

bool one_more_fails() {
  return knobs.fail_allocation > 0 && --knobs.fail_allocation == 0;
}

bool reserve(std::size_t bytes, int device) {
  std::lock_guard<std::mutex> lock(mutex);
  if (bytes > std::size_t(knobs.memory) || used[device] > std::size_t(knobs.memory) - bytes) return false;
  used[device] += bytes;
  return true;
}

void count_allocation(std::size_t bytes) {
  counting.allocations++;
  const u64 now = counting.bytes_now += bytes;
  std::uint64_t peak = counting.bytes_peak;
  while (peak < now && !counting.bytes_peak.compare_exchange_weak(peak, now)) {
  }
}

bool intact(const u8* guard) {
  for (std::size_t i = 0; i < GUARD_BYTES; i++)
    if (guard[i] != GUARD) return false;
  return true;
}

// Null if there is not so much.
u8* between_guards(std::size_t bytes) {
  void* memory = nullptr;
  if (posix_memalign(&memory, ALIGNMENT, bytes + 2 * GUARD_BYTES)) return nullptr;
  u8* const data = static_cast<u8*>(memory) + GUARD_BYTES;
  std::memset(memory, GUARD, GUARD_BYTES);
  std::memset(data + bytes, GUARD, GUARD_BYTES);
  return data;
}

}  // namespace

int allocate(Pointer* pointer, std::size_t bytes) {
  if (bytes == 0) return refuse(INVALID_VALUE, "an allocation of 0 bytes");
  const int device = bound->device;
  if (one_more_fails()) return OUT_OF_MEMORY;
  if (!reserve(bytes, device)) {
    drain_everything();  // frees that are still queued
    if (!reserve(bytes, device)) return OUT_OF_MEMORY;
  }
  catch_faults();
  const bool is_guarded = knobs.guard;
  u8* const data = is_guarded ? guarded(bytes) : between_guards(bytes);
  if (!data) return OUT_OF_MEMORY;
  std::memset(data, POISON, bytes);
  *pointer = reinterpret_cast<Pointer>(data);
  count_allocation(bytes);
  std::lock_guard<std::mutex> lock(mutex);
  allocations[*pointer] = {bytes, device, is_guarded};
  return SUCCESS;
}

int release(Pointer pointer) {
  if (!pointer) return SUCCESS;
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = allocations.find(pointer);
  if (found == allocations.end()) misuse("%#llx is freed and is no allocation, or no longer one", pointer);
  const std::size_t bytes = found->second.bytes;
  u8* const data = reinterpret_cast<u8*>(pointer);
  const bool is_guarded = found->second.is_guarded;
  if (is_guarded && !unguard(data)) misuse("something was written just outside `%s`, which has %zu bytes", name_of_guarded(data), bytes);
  if (!is_guarded && (!intact(data - GUARD_BYTES) || !intact(data + bytes)))
    misuse("something was written outside the allocation of %zu bytes at %#llx", bytes, pointer);
  used[found->second.device] -= bytes;
  counting.bytes_now -= bytes;
  allocations.erase(found);
  if (is_guarded) return SUCCESS;
  std::memset(data, POISON, bytes);
  std::free(data - GUARD_BYTES);
  return SUCCESS;
}

bool allocated(Pointer pointer, std::size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  return within(allocations, pointer, bytes, [](const Allocation& a) { return a.bytes; });
}

int holder(Pointer pointer) {
  std::lock_guard<std::mutex> lock(mutex);
  auto after = allocations.upper_bound(pointer);
  if (after == allocations.begin()) return -1;
  --after;
  return pointer < after->first + after->second.bytes ? after->second.device : -1;
}

bool pinned(const void* memory, std::size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  return within(pins, reinterpret_cast<Pointer>(memory), bytes, [](const std::size_t& bytes) { return bytes; });
}

std::size_t free_bytes(int device) {
  std::lock_guard<std::mutex> lock(mutex);
  const std::size_t all = std::size_t(knobs.memory);
  return used[device] < all ? all - used[device] : 0;
}

namespace {

// What is captured of pageable memory is copied aside; past this size the stream is brought up to date instead.
constexpr std::size_t STAGED_BYTES = 1 << 20;

// Real drivers reach other devices' memory, some of them and slowly: here that is a mistake.
int check(const Stream& stream, Pointer pointer, std::size_t bytes, const char* operation) {
  const int device = stream.context->device;
  if (const int refused = bound_status()) return refused;
  if (bound != stream.context) return refuse(INVALID_CONTEXT, "%s: a stream of device %d, device %d is bound", operation, device, bound->device);
  if (bytes && !allocated(pointer, bytes))
    return refuse(INVALID_VALUE, "%s: %zu bytes at %#llx are not one allocation's", operation, bytes, pointer);
  if (bytes && holder(pointer) != device)
    return refuse(INVALID_VALUE, "%s: memory of device %d on a stream of device %d", operation, holder(pointer), device);
  return SUCCESS;
}

Operation copy(Pointer to, Pointer from, std::size_t bytes, std::atomic<std::uint64_t>* counter) {
  Operation operation{Operation::COPY};
  operation.to = to;
  operation.from = from;
  operation.bytes = bytes;
  operation.counter = counter;
  return operation;
}

int fill(Stream& stream, Pointer to, u32 value, u32 width, std::size_t count) {
  if (const int refused = check(stream, to, count * width, "memset")) return refused;
  Operation operation{Operation::FILL};
  operation.to = to;
  operation.value = value;
  operation.width = width;
  operation.bytes = count;
  return submit(stream, std::move(operation));
}

// The blocking calls: work of the legacy default stream that is waited for at once.
int at_once(int submitted) {
  return submitted ? submitted : synchronize(*stream_of(nullptr));
}

}  // namespace
}  // namespace bed

using namespace bed;

API cuMemGetInfo_v2(std::size_t* available, std::size_t* total) {
  if (const int refused = bound_status()) return refused;
  *total = std::size_t(knobs.memory);
  *available = free_bytes(bound->device);
  return SUCCESS;
}

API cuMemAlloc_v2(Pointer* pointer, std::size_t bytes) {
  if (const int refused = bound_status()) return refused;
  return allocate(pointer, bytes);
}
API cuMemAllocAsync(Pointer* pointer, std::size_t bytes, void* stream) {
  if (const int refused = bound_status()) return refused;
  if (stream_of(stream)->capture) return refuse(STREAM_CAPTURE_UNSUPPORTED, "an allocation while capturing");
  return allocate(pointer, bytes);
}
API cuMemAllocFromPoolAsync(Pointer* pointer, std::size_t bytes, void*, void* stream) {
  return cuMemAllocAsync(pointer, bytes, stream);
}
API cuMemFree_v2(Pointer pointer) {
  if (const int refused = bound_status()) return refused;
  if (pointer && holder(pointer) >= 0 && holder(pointer) != bound->device)
    misuse("memory of device %d is freed where device %d is bound", holder(pointer), bound->device);
  drain_everything();
  return release(pointer);
}
API cuMemFreeAsync(Pointer pointer, void* stream) {
  if (const int refused = bound_status()) return refused;
  if (!allocated(pointer, 1)) misuse("%#llx is freed and is no allocation, or no longer one", pointer);
  Stream& order = *stream_of(stream);
  if (holder(pointer) != order.context->device)
    misuse("memory of device %d is freed on a stream of device %d", holder(pointer), order.context->device);
  Operation operation{Operation::FREE};
  operation.to = pointer;
  return submit(order, std::move(operation));
}

API cuMemHostAlloc(void** memory, std::size_t bytes, unsigned) {
  if (const int refused = bound_status()) return refused;
  if (one_more_fails()) return OUT_OF_MEMORY;
  if (posix_memalign(memory, 4096, bytes ? bytes : 1)) return OUT_OF_MEMORY;
  std::memset(*memory, POISON, bytes);
  std::lock_guard<std::mutex> lock(mutex);
  pins[reinterpret_cast<Pointer>(*memory)] = bytes;
  return SUCCESS;
}
API cuMemFreeHost(void* memory) {
  if (const int refused = bound_status()) return refused;
  drain_everything();
  std::lock_guard<std::mutex> lock(mutex);
  if (!pins.erase(reinterpret_cast<Pointer>(memory))) misuse("%p is freed and is no pinned allocation", memory);
  std::free(memory);
  return SUCCESS;
}
API cuMemHostRegister_v2(void* memory, std::size_t bytes, unsigned) {
  if (const int refused = bound_status()) return refused;
  std::lock_guard<std::mutex> lock(mutex);
  return pins.emplace(reinterpret_cast<Pointer>(memory), bytes).second ? SUCCESS : HOST_MEMORY_ALREADY_REGISTERED;
}
API cuMemHostUnregister(void* memory) {
  if (const int refused = bound_status()) return refused;
  drain_everything();
  std::lock_guard<std::mutex> lock(mutex);
  return pins.erase(reinterpret_cast<Pointer>(memory)) ? SUCCESS : HOST_MEMORY_NOT_REGISTERED;
}
API cuPointerGetAttribute(void* value, int which, Pointer pointer) {
  ENTER();
  constexpr int MEMORY_TYPE = 2, DEVICE_ORDINAL = 9;
  std::lock_guard<std::mutex> lock(mutex);
  auto after = allocations.upper_bound(pointer);
  if (after == allocations.begin() || pointer >= std::prev(after)->first + std::prev(after)->second.bytes) return INVALID_VALUE;
  if (which == MEMORY_TYPE) *static_cast<unsigned*>(value) = 2;
  else if (which == DEVICE_ORDINAL) *static_cast<int*>(value) = std::prev(after)->second.device;
  else return NOT_SUPPORTED;
  return SUCCESS;
}

API cuMemcpyHtoDAsync_v2(Pointer to, const void* from, std::size_t bytes, void* handle) {
  Stream& stream = *stream_of(handle);
  if (const int refused = check(stream, to, bytes, "cuMemcpyHtoD")) return refused;
  Operation operation = copy(to, reinterpret_cast<Pointer>(from), bytes, &counting.bytes_to_device);
  if (stream.capture || pinned(from, bytes)) return submit(stream, std::move(operation));
  if (bytes <= STAGED_BYTES) {
    const u8* source = static_cast<const u8*>(from);
    operation.data.assign(source, source + bytes);
    return submit(stream, std::move(operation));
  }
  if (const int refused = submit(stream, std::move(operation))) return refused;
  drain(stream);
  return entry_status();
}
API cuMemcpyDtoHAsync_v2(void* to, Pointer from, std::size_t bytes, void* handle) {
  Stream& stream = *stream_of(handle);
  if (const int refused = check(stream, from, bytes, "cuMemcpyDtoH")) return refused;
  const bool waits = !stream.capture && !knobs.defer_pageable && !pinned(to, bytes);
  const int refused = submit(stream, copy(reinterpret_cast<Pointer>(to), from, bytes, &counting.bytes_to_host));
  return refused || !waits ? refused : synchronize(stream);
}
API cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, std::size_t bytes, void* handle) {
  Stream& stream = *stream_of(handle);
  if (const int refused = check(stream, to, bytes, "cuMemcpyDtoD, to")) return refused;
  if (const int refused = check(stream, from, bytes, "cuMemcpyDtoD, from")) return refused;
  return submit(stream, copy(to, from, bytes, nullptr));
}
API cuMemcpyPeerAsync(Pointer to, void*, Pointer from, void*, std::size_t bytes, void* stream) {
  return cuMemcpyDtoDAsync_v2(to, from, bytes, stream);
}
API cuMemcpyHtoD_v2(Pointer to, const void* from, std::size_t bytes) { return at_once(cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr)); }
API cuMemcpyDtoH_v2(void* to, Pointer from, std::size_t bytes) { return at_once(cuMemcpyDtoHAsync_v2(to, from, bytes, nullptr)); }
API cuMemcpyDtoD_v2(Pointer to, Pointer from, std::size_t bytes) { return at_once(cuMemcpyDtoDAsync_v2(to, from, bytes, nullptr)); }

API cuMemsetD8Async(Pointer to, unsigned char value, std::size_t count, void* stream) { return fill(*stream_of(stream), to, value, 1, count); }
API cuMemsetD16Async(Pointer to, unsigned short value, std::size_t count, void* stream) { return fill(*stream_of(stream), to, value, 2, count); }
API cuMemsetD32Async(Pointer to, unsigned value, std::size_t count, void* stream) { return fill(*stream_of(stream), to, value, 4, count); }
API cuMemsetD8_v2(Pointer to, unsigned char value, std::size_t count) { return at_once(cuMemsetD8Async(to, value, count, nullptr)); }
API cuMemsetD32_v2(Pointer to, unsigned value, std::size_t count) { return at_once(cuMemsetD32Async(to, value, count, nullptr)); }

API cuDeviceGetDefaultMemPool(void** pool, int) {
  ENTER();
  static int one;
  *pool = &one;
  return SUCCESS;
}
API cuDeviceGetMemPool(void** pool, int device) { return cuDeviceGetDefaultMemPool(pool, device); }
API cuMemPoolSetAttribute(void*, int, void*) { return entry_status(); }
API cuMemPoolGetAttribute(void*, int, void* value) {
  *static_cast<u64*>(value) = 0;
  return entry_status();
}
API cuMemPoolTrimTo(void*, std::size_t) { return entry_status(); }
