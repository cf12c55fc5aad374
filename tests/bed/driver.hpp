// The fake driver's state: contexts, memory, streams with the work queued on them, events, graphs, modules.
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "knobs.hpp"
#include "machine.hpp"
#include "registry.hpp"
#include "status.hpp"

#define API extern "C" __attribute__((visibility("default"))) int
#define ENTER()                                              \
  if (const int refused = bed::entry_status()) return refused

namespace bed {

using Pointer = u64;  // CUdeviceptr

struct Context {
  int device;
};

extern thread_local Context* bound;

// Not initialized.
int initialized_status();
// The same, or this device is lost.
int device_status(int device);
// The same of the device that is bound to this thread, if one is.
int entry_status();
// The same, or no context is bound to this thread.
int bound_status();
void lose(int device, int status);

struct Module {
  explicit Module(Context* context) : context(context) {}
  Context* const context;
  bool loaded = true;
};

struct Function {
  const Kernel* kernel;
  const Module* module;
  int dynamic_limit = 48 << 10;
};

struct Stream;

struct Event {
  explicit Event(Context* context) : context(context) {}
  Context* const context;
  std::atomic<u64> recorded{0}, reached{0};
  std::atomic<Stream*> stream{nullptr};
  std::chrono::steady_clock::time_point time;
  std::shared_ptr<struct Graph> captured;  // the event was recorded in this capture
};
using EventRef = std::shared_ptr<Event>;

struct Graph;

// One thing a stream was asked to do. Nothing happens before something waits for it.
struct Operation {
  enum Kind : u8 { LAUNCH, COPY, FILL, RECORD, WAIT, FREE, GRAPH, CALL } kind;
  explicit Operation(Kind kind) : kind(kind) {}
  Pointer to = 0, from = 0;
  std::size_t bytes = 0;
  std::atomic<std::uint64_t>* counter = nullptr;  // of the bytes moved
  u32 value = 0, width = 1;
  const Function* function = nullptr;
  dim3 grid{}, block{};
  u32 dynamic_bytes = 0;
  bool cooperative = false;
  std::vector<u8> data;  // a launch's arguments, or pageable memory as it was when the copy was asked for
  EventRef event;
  u64 generation = 0;
  std::shared_ptr<const Graph> graph;
  void (*call)(void*) = nullptr;
  void* user = nullptr;
};

struct Graph {
  std::vector<Operation> operations;
  bool spoiled = false;
};

struct Stream {
  explicit Stream(Context* context, bool blocking) : context(context), blocking(blocking) {}
  Context* const context;
  const bool blocking;  // ordered with the legacy default stream
  std::mutex mutex;
  std::deque<Operation> queue;
  std::shared_ptr<Graph> capture;
};

using StreamRef = std::shared_ptr<Stream>;

Stream* stream_of(void* handle);
EventRef event_of(void* handle);

// Queues the operation, or adds it to the graph being captured.
int submit(Stream& stream, Operation&& operation);
// Executes all that is queued on the stream. Does not count as a synchronization.
void drain(Stream& stream);
// All streams of the device that is bound to this thread.
void drain_everything();
void wait_for(const Event& event, u64 generation);
// A call that waits: executes, counts, and says whether the device has been lost.
int synchronize(Stream& stream);
bool capturing_anywhere();

int allocate(Pointer* pointer, std::size_t bytes);
int release(Pointer pointer);
void check_guards(Pointer pointer);
// Whether a device holds `bytes` from `pointer` on in one allocation.
bool allocated(Pointer pointer, std::size_t bytes);
// The device that holds the allocation at `pointer`; negative if none does.
int holder(Pointer pointer);
bool pinned(const void* memory, std::size_t bytes);
std::size_t free_bytes(int device);

void execute_launch(const Operation& operation, int device);

}  // namespace bed
