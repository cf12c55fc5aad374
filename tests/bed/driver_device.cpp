// Devices, contexts, and what the driver says of itself.
#include <cstdio>
#include <cstring>

#include "driver.hpp"

namespace bed {

thread_local Context* bound = nullptr;

namespace {

constexpr int MAX_DEVICES = 16;
Context contexts[MAX_DEVICES] = {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}, {12}, {13}, {14}, {15}};
std::atomic<bool> initialized{false};
std::atomic<int> lost[MAX_DEVICES];

bool known(int device) { return device >= 0 && device < MAX_DEVICES && device < knobs.devices; }

// The figures of an H200 but for its multiprocessors, which bound how many blocks a test must run at once.
int attribute(int which) {
  switch (which) {
    case 1: return 1024;      // threads a block
    case 2: case 3: return 1024;
    case 4: return 64;
    case 5: return 2147483647;
    case 6: case 7: return 65535;
    case 8: return 48 << 10;  // shared bytes a block
    case 9: return 64 << 10;
    case 10: return 32;
    case 12: return 65536;    // registers a block
    case 13: return 1980000;
    case 16: return int(knobs.multiprocessors);
    case 19: case 31: case 41: case 78: case 83: case 95: case 115: return 1;
    case 36: return 3201000;
    case 37: return 6144;
    case 38: return 50 << 20;
    case 39: return 2048;     // threads a multiprocessor
    case 75: return int(knobs.capability / 10);
    case 76: return int(knobs.capability % 10);
    case 81: return 228 << 10;
    case 82: return 65536;
    case 97: return 227 << 10;  // shared bytes a block may opt in to
    case 106: return 32;
    case 111: return 1 << 10;
    default: return 0;
  }
}

}  // namespace

int initialized_status() { return initialized ? SUCCESS : refuse(NOT_INITIALIZED, "cuInit has not been called"); }

int device_status(int device) { return lost[device] ? int(lost[device]) : initialized_status(); }

int entry_status() { return bound ? device_status(bound->device) : initialized_status(); }

int bound_status() {
  if (const int status = entry_status()) return status;
  return bound ? SUCCESS : refuse(INVALID_CONTEXT, "no context is bound to this thread");
}

void lose(int device, int status) { lost[device] = status; }

}  // namespace bed

using namespace bed;

API cuInit(unsigned) {
  if (knobs.init_error) return int(knobs.init_error);
  if (knobs.devices <= 0) return 100;
  initialized = true;
  return SUCCESS;
}
API cuDriverGetVersion(int* version) {
  *version = int(knobs.driver_version);
  return SUCCESS;
}
API cuGetErrorName(int status, const char** name) {
  *name = named(status).name;
  return SUCCESS;
}
API cuGetErrorString(int status, const char** text) {
  *text = named(status).text;
  return SUCCESS;
}

API cuDeviceGetCount(int* count) {
  ENTER();
  *count = int(knobs.devices);
  return SUCCESS;
}
API cuDeviceGet(int* device, int ordinal) {
  ENTER();
  *device = ordinal;
  return known(ordinal) ? SUCCESS : INVALID_DEVICE;
}
API cuDeviceGetName(char* name, int bytes, int device) {
  ENTER();
  std::snprintf(name, std::size_t(bytes), "Farpoint test bed %d", device);
  return known(device) ? SUCCESS : INVALID_DEVICE;
}
API cuDeviceGetUuid_v2(char* uuid, int device) {
  ENTER();
  std::memset(uuid, 0xbe, 16);
  uuid[15] = char(device);
  return known(device) ? SUCCESS : INVALID_DEVICE;
}
API cuDeviceGetUuid(char* uuid, int device) { return cuDeviceGetUuid_v2(uuid, device); }
API cuDeviceTotalMem_v2(std::size_t* bytes, int device) {
  ENTER();
  *bytes = std::size_t(knobs.memory);
  return known(device) ? SUCCESS : INVALID_DEVICE;
}
API cuDeviceGetAttribute(int* value, int which, int device) {
  ENTER();
  *value = attribute(which);
  return known(device) ? SUCCESS : INVALID_DEVICE;
}

API cuDevicePrimaryCtxRetain(Context** context, int device) {
  if (const int refused = initialized_status()) return refused;
  if (!known(device)) return INVALID_DEVICE;
  if (const int refused = device_status(device)) return refused;
  *context = &contexts[device];
  return SUCCESS;
}
API cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
API cuCtxGetCurrent(Context** context) {
  ENTER();
  *context = bound;
  return SUCCESS;
}
API cuCtxSetCurrent(Context* context) {
  if (const int refused = context ? device_status(context->device) : initialized_status()) return refused;
  bound = context;
  return SUCCESS;
}
API cuCtxGetDevice(int* device) {
  if (const int refused = bound_status()) return refused;
  *device = bound->device;
  return SUCCESS;
}
API cuCtxSynchronize() {
  if (const int refused = bound_status()) return refused;
  if (capturing_anywhere()) return refuse(STREAM_CAPTURE_UNSUPPORTED, "cuCtxSynchronize while a stream is capturing");
  counting.synchronizations++;
  drain_everything();
  return entry_status();
}
API cuCtxSetFlags(unsigned) { return bound_status(); }
API cuCtxSetLimit(int, std::size_t) { return bound_status(); }
API cuCtxGetLimit(std::size_t* value, int) {
  *value = 0;
  return bound_status();
}
API cuCtxSetCacheConfig(int) { return bound_status(); }
API cuCtxGetCacheConfig(int* config) {
  *config = 0;
  return bound_status();
}
API cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return bound_status();
}
API cuProfilerStart() { return bound_status(); }
API cuProfilerStop() { return bound_status(); }
