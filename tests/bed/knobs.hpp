// The knobs that a test may set (FARPOINT_BED_<NAME> when the library loads, bed_set_limit afterwards), and the
// counters that it may read.
#pragma once
#include <atomic>
#include <cstdint>

namespace bed {

struct Knobs {
  std::atomic<std::int64_t> seed{0};               // of the scheduler; 0 runs threads in order
  std::atomic<std::int64_t> devices{1};
  std::atomic<std::int64_t> memory{4ll << 30};     // bytes of each device
  std::atomic<std::int64_t> multiprocessors{4};
  std::atomic<std::int64_t> capability{90};        // 10 * major + minor
  std::atomic<std::int64_t> driver_version{13000};
  std::atomic<std::int64_t> init_error{0};         // what cuInit answers
  std::atomic<std::int64_t> module_error{0};       // what loading a module answers
  std::atomic<std::int64_t> fail_allocation{0};    // the n-th allocation from now fails, on the device or pinned
  std::atomic<std::int64_t> lose_after{0};         // the n-th launch from now to be executed is the device's last
  std::atomic<std::int64_t> lose_status{700};      // and this is what every call for it answers from then on
  std::atomic<std::int64_t> lose_device{-1};       // launches on this device alone are counted; on any if negative
  std::atomic<std::int64_t> guard{0};              // 1: pages that nothing may touch lie on both sides of an allocation
  std::atomic<std::int64_t> defer_pageable{0};     // 1: copies to pageable host memory wait for a synchronize, too
};

// Sets the knob of this name; false if there is none.
bool set_knob(const char* name, std::int64_t value);

struct Counters {
  std::uint64_t launches, cooperative_launches, graph_launches, synchronizations;
  std::uint64_t allocations, bytes_now, bytes_peak, bytes_to_device, bytes_to_host;
};

struct Counting {
  std::atomic<std::uint64_t> launches{0}, cooperative_launches{0}, graph_launches{0}, synchronizations{0};
  std::atomic<std::uint64_t> allocations{0}, bytes_now{0}, bytes_peak{0}, bytes_to_device{0}, bytes_to_host{0};
};

extern Knobs knobs;
extern Counting counting;

}  // namespace bed
