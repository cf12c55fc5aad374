#include "knobs.hpp"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <string>

#include "registry.hpp"
#include "status.hpp"

namespace bed {

Knobs knobs;
Counting counting;

namespace {

struct Entry {
  const char* name;
  std::atomic<std::int64_t>& value;
};

const Entry ENTRIES[] = {
    {"seed", knobs.seed},
    {"devices", knobs.devices},
    {"memory", knobs.memory},
    {"multiprocessors", knobs.multiprocessors},
    {"capability", knobs.capability},
    {"driver_version", knobs.driver_version},
    {"init_error", knobs.init_error},
    {"module_error", knobs.module_error},
    {"fail_allocation", knobs.fail_allocation},
    {"lose_after", knobs.lose_after},
    {"lose_status", knobs.lose_status},
    {"lose_device", knobs.lose_device},
    {"guard", knobs.guard},
    {"defer_pageable", knobs.defer_pageable},
};

std::string variable(const char* name) {
  std::string upper = "FARPOINT_BED_";
  for (; *name; name++) upper += char(std::toupper(*name));
  return upper;
}

__attribute__((constructor)) void read_environment() {
  for (const Entry& entry : ENTRIES)
    if (const char* text = std::getenv(variable(entry.name).c_str())) entry.value = std::strtoll(text, nullptr, 0);
}

}  // namespace

bool set_knob(const char* name, std::int64_t value) {
  for (const Entry& entry : ENTRIES)
    if (!std::strcmp(entry.name, name)) {
      entry.value = value;
      return true;
    }
  return false;
}

}  // namespace bed

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void bed_set_seed(std::uint64_t seed) { bed::knobs.seed = std::int64_t(seed); }

EXPORT int bed_set_limit(const char* name, std::int64_t value) {
  return bed::set_knob(name, value) ? bed::SUCCESS : bed::refuse(bed::INVALID_VALUE, "no knob is named %s", name);
}

EXPORT void bed_counters(bed::Counters* now) {
  const bed::Counting& c = bed::counting;
  *now = {c.launches,    c.cooperative_launches, c.graph_launches,  c.synchronizations, c.allocations,
          c.bytes_now,   c.bytes_peak,           c.bytes_to_device, c.bytes_to_host};
}

// The peak starts again from what is allocated now.
EXPORT void bed_reset_counters() {
  bed::Counting& c = bed::counting;
  for (auto* each : {&c.launches, &c.cooperative_launches, &c.graph_launches, &c.synchronizations, &c.allocations,
                     &c.bytes_to_device, &c.bytes_to_host})
    *each = 0;
  c.bytes_peak = c.bytes_now.load();
  for (bed::Kernel* kernel = bed::kernels; kernel; kernel = kernel->next) kernel->launches = 0;
}

EXPORT std::uint64_t bed_kernel_launches(const char* name) {
  const bed::Kernel* kernel = bed::find_kernel(name);
  if (!kernel) bed::misuse("no kernel is named %s", name);
  return kernel->launches;
}

EXPORT std::uint64_t bed_argument_bytes(const char* name) {
  const bed::Kernel* kernel = bed::find_kernel(name);
  return kernel ? kernel->argument_bytes : 0;
}
