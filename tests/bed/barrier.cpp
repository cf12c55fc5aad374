#include "barrier.hpp"

#include <cstdio>
#include <cstring>

#include "shared.hpp"

namespace bed {
namespace {

constexpr u32 MOST_ARRIVALS = (1 << 20) - 1;

// A barrier as it lies in shared memory. Neither NaN nor zeros are a barrier.
struct State {
  enum : u64 { FRESH = 1, VISIBLE = 2 };
  u64 kind : 2;
  u64 parity : 1;
  u64 arrivals : 20;      // in each phase
  u64 missing : 20;       // in this one
  std::int64_t bytes : 21;  // announced and not there yet
};
static_assert(sizeof(State) == sizeof(u64));

State read(const u64* barrier) {
  State state;
  std::memcpy(static_cast<void*>(&state), barrier, sizeof state);
  return state;
}

bool is_one(const State& state) { return state.kind == State::FRESH || state.kind == State::VISIBLE; }

State checked(const u64* barrier, const char* operation) {
  if (reinterpret_cast<u64>(barrier) % sizeof(u64) || !is_shared(barrier, sizeof(u64)))
    machine->fail("%s: %p is no aligned place in shared memory", operation, static_cast<const void*>(barrier));
  const State state = read(barrier);
  if (!is_one(state)) machine->fail("%s: a barrier that is not initialized", operation);
  return state;
}

void write(u64* barrier, const State& state) { std::memcpy(barrier, static_cast<const void*>(&state), sizeof state); }

// Ends the phase if nothing is missing.
void update(u64* barrier, State state) {
  const bool ends = state.missing == 0 && state.bytes == 0;
  if (ends) {
    state.parity ^= 1;
    state.missing = state.arrivals;
  }
  write(barrier, state);
  if (ends) machine->wake(barrier);
}

void add_bytes(State& state, i64 bytes) {
  const i64 sum = state.bytes + bytes;
  if (sum > MOST_ARRIVALS || -sum > MOST_ARRIVALS) machine->fail("a barrier counts to %lld bytes", sum);
  state.bytes = sum;
}

}  // namespace

void barrier_init(u64* barrier, u32 arrivals) {
  if (reinterpret_cast<u64>(barrier) % sizeof(u64) || !is_shared(barrier, sizeof(u64)))
    machine->fail("barrier_init: %p is no aligned place in shared memory", static_cast<const void*>(barrier));
  if (is_one(read(barrier))) machine->fail("barrier_init: a barrier that is one already");
  if (!arrivals || arrivals > MOST_ARRIVALS) machine->fail("barrier_init: %u arrivals", arrivals);
  State state{};
  state.kind = State::FRESH;
  state.arrivals = state.missing = arrivals;
  write(barrier, state);
  machine->current->fresh.push_back(barrier);
}

void barrier_init_visible() {
  for (u64* barrier : machine->current->fresh) {
    State state = checked(barrier, "barrier_init_visible");
    state.kind = State::VISIBLE;
    write(barrier, state);
  }
  machine->current->fresh.clear();
}

void barrier_arrive(u64* barrier, u32 expected_bytes) {
  State state = checked(barrier, "barrier_arrive");
  if (state.missing == 0)
    machine->fail("barrier_arrive: more than %u arrivals in one phase, %s", u32(state.arrivals),
                  described(barrier, *machine->current->block).text);
  add_bytes(state, expected_bytes);
  state.missing--;
  update(barrier, state);
}

void barrier_wait(u64* barrier, u32 parity) {
  if (parity > 1) machine->fail("barrier_wait: parity %u", parity);
  Thread& thread = *machine->current;
  while (checked(barrier, "barrier_wait").parity == parity) {
    thread.barrier = barrier;
    machine->wait_at({"barrier_wait", __FILE__, __LINE__}, barrier);
  }
  thread.barrier = nullptr;
}

void check_visible(const u64* barrier) {
  if (checked(barrier, "copy_box").kind != State::VISIBLE)
    machine->fail("copy_box: its barrier has not been made visible by barrier_init_visible");
}

void count_bytes(u64* barrier, u32 bytes) {
  State state = read(barrier);
  if (!is_one(state)) machine->fail("a copy_box completes at what is no barrier any more");
  add_bytes(state, -i64(bytes));
  update(barrier, state);
}

Description described(const u64* barrier, const Block& block) {
  const State state = read(barrier);
  Description description;
  std::snprintf(description.text, sizeof description.text,
                "barrier at byte %td of dynamic shared memory: parity %u, %u of %u arrivals and %lld bytes are missing",
                reinterpret_cast<const u8*>(barrier) - block.shared - std::ptrdiff_t(STATIC_CAPACITY), unsigned(state.parity),
                unsigned(state.missing), unsigned(state.arrivals), i64(state.bytes));
  return description;
}

}  // namespace bed
