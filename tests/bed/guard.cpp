#include "guard.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.hpp"
#include "sanitizer.hpp"

namespace bed {
namespace {

constexpr std::size_t PAGE = 4096, GAP = 64 << 20, ALIGNMENT = 256;
constexpr u8 SLACK = 0xa5;

struct Range {
  u8* mapping;
  std::size_t bytes, pages;
  std::string name;

  u8* end_of_pages() const { return mapping + GAP + pages; }
};

std::mutex mutex;
std::map<const u8*, Range> ranges;
struct sigaction before;

// Says what a kernel touched, and where that is, and ends the process.
void report(const u8* address) {
  const char* kernel = machine->launch->kernel->name;
  for (const auto& [memory, range] : ranges)
    if (address >= range.mapping && address < range.end_of_pages() + GAP) {
      std::fprintf(stderr, "bed: %s: touched byte %td of `%s`, which has %zu\n", kernel, address - memory, range.name.c_str(), range.bytes);
      std::abort();
    }
  std::fprintf(stderr, "bed: %s: touched %p, far from any allocation\n", kernel, static_cast<const void*>(address));
  std::abort();
}

// On the stack of the fiber that touched it. Where several threads did, the first reports, and the others wait for the end.
void on_fault(int signal, siginfo_t* fault, void*) {
  std::lock_guard<std::mutex> lock(mutex);
  if (machine) report(static_cast<const u8*>(fault->si_addr));
  sigaction(signal, &before, nullptr);  // no kernel's: it faults again
}

}  // namespace

void catch_faults() {
  static std::atomic<bool> caught{false};
  if (SANITIZED || caught.exchange(true)) return;
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, &before);
}

u8* guarded(std::size_t bytes) {
  const std::size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, pages = (rounded + PAGE - 1) / PAGE * PAGE;
  void* mapping = mmap(nullptr, pages + 2 * GAP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  Range range{static_cast<u8*>(mapping), bytes, pages, "an allocation"};
  if (mprotect(range.mapping + GAP, pages, PROT_READ | PROT_WRITE)) misuse("no memory between guards: %zu bytes", pages);
  std::memset(range.mapping + GAP, SLACK, pages);
  u8* const memory = range.end_of_pages() - rounded;
  std::lock_guard<std::mutex> lock(mutex);
  ranges[memory] = range;
  return memory;
}

bool unguard(u8* memory) {
  std::lock_guard<std::mutex> lock(mutex);
  const Range range = ranges.at(memory);
  bool intact = true;
  for (const u8* byte = range.mapping + GAP; byte < range.end_of_pages(); byte++)
    intact = intact && (*byte == SLACK || (byte >= memory && byte < memory + range.bytes));
  if (!intact) return false;
  munmap(range.mapping, range.pages + 2 * GAP);
  ranges.erase(memory);
  return true;
}

void name_guarded(const u8* memory, const char* name) {
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = ranges.find(memory);
  if (found != ranges.end()) found->second.name = name;
}

const char* name_of_guarded(const u8* memory) {
  std::lock_guard<std::mutex> lock(mutex);
  return ranges.at(memory).name.c_str();
}

}  // namespace bed

extern "C" __attribute__((visibility("default"))) void bed_name_allocation(bed::u64 address, const char* name) {
  bed::name_guarded(reinterpret_cast<const bed::u8*>(address), name);
}
