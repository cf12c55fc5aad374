#include "machine.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <sys/mman.h>

#include "barrier.hpp"
#include "box.hpp"
#include "registry.hpp"
#include "sanitizer.hpp"

namespace bed {

thread_local Machine* machine = nullptr;

namespace {

constexpr u32 FULL = 0xffffffffu;
constexpr std::size_t STACK_BATCH = 64;
constexpr u32 ROUNDS_BEFORE_LIVELOCK = 1 << 22;

u8* map_shared() {
  void* memory = mmap(nullptr, STATIC_CAPACITY + DYNAMIC_CAPACITY, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("bed: mmap of shared memory");
    std::abort();
  }
  return static_cast<u8*>(memory);
}

bool same(const Site& a, const Site& b) {
  return a.line == b.line && a.operation == b.operation && (a.file == b.file || !std::strcmp(a.file, b.file));
}

const char* base_name(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash ? slash + 1 : path;
}

}  // namespace

Machine::~Machine() {
  for (auto& batch : stacks) unmap_stacks(batch.get(), STACK_BATCH);
  for (u8* memory : shared) {
    allow(memory, STATIC_CAPACITY + DYNAMIC_CAPACITY);  // the next mapping at this address may be a thread's stack
    munmap(memory, STATIC_CAPACITY + DYNAMIC_CAPACITY);
  }
}

void Machine::run(const Launch& now, u64 first_block, u32 count) {
  Machine* const outer = machine;
  machine = this;
  launch = &now;
  state = now.seed * 0x9E3779B97F4A7C15ull + first_block + 1;
  prepare_blocks(first_block, count);
  Thread* first = pick();
  current = first;
  begin(*first);
  bed_switch(&outside, first->stack->top);
  machine = outer;
}

void Machine::prepare_blocks(u64 first_block, u32 count) {
  const u32 threads_each = u32(launch->block.count()), warps_each = (threads_each + 31) / 32;
  warp_count = count * warps_each;
  if (threads.size() < u64(warp_count) * 32) threads.resize(u64(warp_count) * 32);
  if (warps.size() < warp_count) warps.resize(warp_count);
  if (blocks.size() < count) blocks.resize(count);
  while (shared.size() < count) shared.push_back(map_shared());
  ready_warps.assign((warp_count + 63) / 64, 0);
  waiters.clear();
  boxes.clear();
  alive = u64(threads_each) * count;
  last_warp = 0;
  for (u32 b = 0; b < count; b++) {
    Block& block = blocks[b];
    block.shared = shared[b];
    block.first_warp = b * warps_each;
    block.warps = warps_each;
    block.threads = threads_each;
    prepare_block(block, first_block + b);
  }
  if (launch->seed) redraw_places();
}

void Machine::prepare_block(Block& block, u64 index) {
  const dim3 grid = launch->grid;
  block.index = {u32(index % grid.x), u32(index / grid.x % grid.y), u32(index / grid.x / grid.y)};
  block.arrived = block.returned = block.phase = block.static_bytes = 0;
  block.votes[0] = block.votes[1] = 0;
  block.dynamic_poisoned = false;
  block.spare_registers = 0;
  std::memset(block.poisoned, 0, sizeof block.poisoned);
  forbid(block.shared, STATIC_CAPACITY + DYNAMIC_CAPACITY);
  for (u32 w = 0; w < block.warps; w++) {
    Warp& warp = warps[block.first_warp + w];
    const u32 lanes = block.threads - w * 32;
    warp.block = &block;
    warp.place = block.first_warp + w;
    warp.first = warp.place * 32;
    warp.asleep = warp.at_barrier = warp.returned = warp.ready = 0;
    warp.everyone.arrived = 0;
    for (auto& part : warp.parts) part->arrived = 0;
    warp.registers = registers_each();
    warp.ordered = false;
    warp.groups = 0;
    warp.history = 0;
    warp.products.clear();
    for (u32 lane = 0; lane < 32; lane++) threads[warp.first + lane].stack = nullptr;
    make_ready(warp, lanes >= 32 ? FULL : (1u << lanes) - 1);
  }
}

// What a compiler may give each thread.
u32 Machine::registers_each() const {
  constexpr u32 ALL = 65536, MOST = 248, UNIT = 8;
  const Kernel& kernel = *launch->kernel;
  return std::min(ALL / (kernel.max_threads * std::max(kernel.min_blocks, 1u)) / UNIT * UNIT, MOST);
}

void Machine::make_ready(Warp& warp, u32 lanes) {
  warp.ready |= lanes;
  if (lanes) ready_warps[warp.place / 64] |= 1ull << (warp.place % 64);
}

Stack* Machine::idle_stack() {
  if (idle.empty()) {
    stacks.push_back(std::make_unique<Stack[]>(STACK_BATCH));
    make_stacks(stacks.back().get(), STACK_BATCH, &Machine::fiber_main);
    for (std::size_t i = STACK_BATCH; i--;) idle.push_back(&stacks.back()[i]);
  }
  Stack* stack = idle.back();
  idle.pop_back();
  return stack;
}

// The thread gets what it knows of itself, and a stack unless it already inherited one.
void Machine::begin(Thread& thread) {
  const u32 position = u32(&thread - threads.data());
  Warp& warp = warps[position / 32];
  const u32 linear = position - warp.block->first_warp * 32;
  const dim3 size = launch->block;
  thread.linear = linear;
  thread.lane = linear & 31;
  if (size.y == 1 && size.z == 1)
    thread.index = {linear, 0, 0};
  else
    thread.index = {linear % size.x, linear / size.x % size.y, linear / size.x / size.y};
  thread.warp = &warp;
  thread.block = warp.block;
  thread.barrier = nullptr;
  thread.fresh.clear();
  thread.copies.clear();
  thread.copy_group = 0;
  if (!thread.stack) thread.stack = idle_stack();
}

// A stack runs one thread after the other: the next to begin takes over the stack of the one that has just returned, so
// threads that never wait cost no switch.
void Machine::fiber_main() {
  for (;;) {
    Machine& m = *machine;
    Thread& thread = *m.current;
    m.launch->kernel->body(m.launch->arguments);
    Stack* stack = thread.stack;
    m.finish(thread);
    if (m.alive == 0) {
      m.idle.push_back(stack);
      bed_switch(&stack->top, m.outside);
      continue;
    }
    Thread* next = m.pick();
    m.current = next;
    if (!next->stack) {
      next->stack = stack;
      m.begin(*next);
      continue;
    }
    m.idle.push_back(stack);
    bed_switch(&stack->top, next->stack->top);
  }
}

void Machine::finish(Thread& thread) {
  Block& block = *thread.block;
  if (*thread.stack->end) fail("a thread used more than %zu bytes of stack", STACK_BYTES);
  if (block.arrived)
    fail("thread %u returned while others wait at %s (%s:%d)", thread.linear, block.site.operation,
         base_name(block.site.file), block.site.line);
  const Meeting& everyone = thread.warp->everyone;
  if (everyone.arrived)
    fail("thread %u returned while its warp waits at %s (%s:%d)", thread.linear, everyone.site.operation,
         base_name(everyone.site.file), everyone.site.line);
  if (!thread.warp->products.empty()) fail("thread %u returned without wgmma_wait for its last products", thread.linear);
  thread.warp->returned |= 1u << thread.lane;
  if (++block.returned == block.threads) check_block_end(block);
  alive--;
}

void Machine::check_block_end(const Block& block) {
  for (const Box& box : boxes)
    if (box.block == &block) fail("the block ended with a copy_box to its shared memory under way");
  for (u32 w = 0; w < block.warps; w++)
    if (warps[block.first_warp + w].history != warps[block.first_warp + w / 4 * 4].history)
      fail("the warps of a warpgroup gave different products, warp %u others than warp %u", w, w / 4 * 4);
}

void Machine::give_way() {
  Thread* from = current;
  Thread* next = pick();
  if (next == from) return;
  current = next;
  if (!next->stack) begin(*next);
  bed_switch(&from->stack->top, next->stack->top);
}

Thread* Machine::take(u32 w, u32 lane) {
  Warp& warp = warps[w];
  warp.ready &= ~(1u << lane);
  if (!warp.ready) ready_warps[warp.place / 64] &= ~(1ull << (warp.place % 64));
  last_warp = w;
  return &threads[warp.first + lane];
}

Thread* Machine::pick() {
  for (;;) {
    Thread* next = launch->seed ? pick_adversarially() : pick_in_order();
    if (next) {
      idle_rounds = 0;
      return next;
    }
    if (!deliver_box() && !wake_sleepers()) report_deadlock();
  }
}

// The one that began first, under a seed any.
bool Machine::deliver_box() {
  if (boxes.empty()) return false;
  const std::size_t which = launch->seed ? random() % boxes.size() : 0;
  const Box box = boxes[which];
  boxes.erase(boxes.begin() + std::ptrdiff_t(which));
  deliver(box);
  return true;
}

// The warp that ran last as far as it goes, then the next one.
Thread* Machine::pick_in_order() {
  if (const u32 ready = warps[last_warp].ready) return take(last_warp, u32(__builtin_ctz(ready)));
  const u32 words = u32(ready_warps.size());
  for (u32 i = 0, word = last_warp / 64; i <= words; i++, word = word + 1 == words ? 0 : word + 1) {
    u64 set = ready_warps[word];
    if (i == 0) set &= ~0ull << (last_warp % 64);
    if (set) {
      const u32 w = word * 64 + u32(__builtin_ctzll(set));
      return take(w, u32(__builtin_ctz(warps[w].ready)));
    }
  }
  return nullptr;
}

// Warps run in a drawn order, each until it waits, which lets them drift as far apart as the barriers allow.
Thread* Machine::pick_adversarially() {
  if ((random() & 255) == 0) redraw_places();
  if (!boxes.empty() && (random() & 15) == 0) deliver_box();
  const auto word = std::find_if(ready_warps.begin(), ready_warps.end(), [](u64 set) { return set != 0; });
  if (word == ready_warps.end()) return nullptr;
  const u32 best = warp_at[u32(word - ready_warps.begin()) * 64 + u32(__builtin_ctzll(*word))];
  const u32 ready = warps[best].ready, turn = u32(random()) & 31;
  const u32 turned = turn ? ready >> turn | ready << (32 - turn) : ready;
  return take(best, (u32(__builtin_ctz(turned)) + turn) & 31);
}

void Machine::redraw_places() {
  draws.resize(warp_count);
  for (u32 w = 0; w < warp_count; w++) draws[w] = (~random() & FULL) << 32 | w;
  std::sort(draws.begin(), draws.end());
  warp_at.resize(warp_count);
  std::fill(ready_warps.begin(), ready_warps.end(), 0);
  for (u32 place = 0; place < warp_count; place++) {
    warp_at[place] = u32(draws[place]);
    Warp& warp = warps[warp_at[place]];
    warp.place = place;
    make_ready(warp, warp.ready);
  }
}

u64 Machine::random() {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return state >> 33;
}

bool Machine::wake_sleepers() {
  bool any = false;
  for (u32 w = 0; w < warp_count; w++) {
    any |= warps[w].asleep != 0;
    make_ready(warps[w], warps[w].asleep);
    warps[w].asleep = 0;
  }
  if (any && ++idle_rounds > ROUNDS_BEFORE_LIVELOCK) report_deadlock();
  return any;
}

void Machine::sleep(Site site) {
  current->waits = site;
  current->warp->asleep |= 1u << current->lane;
  give_way();
}

// Every thread of the block, at the same place of the source. Gives how many of them voted.
u32 Machine::meet_block(Site site, bool vote) {
  Thread& thread = *current;
  Block& block = *thread.block;
  if (block.arrived == 0) block.site = site;
  if (!same(block.site, site))
    fail("divergent barrier: thread %u is at %s (%s:%d), others of its block at %s (%s:%d)", thread.linear,
         site.operation, base_name(site.file), site.line, block.site.operation, base_name(block.site.file),
         block.site.line);
  if (block.returned)
    fail("thread %u waits at %s (%s:%d), which %u threads of its block never reached: they returned", thread.linear,
         site.operation, base_name(site.file), site.line, block.returned);
  const u32 slot = block.phase & 1;
  block.votes[slot] += vote;
  if (++block.arrived == block.threads) {
    block.arrived = 0;
    block.phase++;
    block.votes[slot ^ 1] = 0;
    for (u32 w = block.first_warp; w < block.first_warp + block.warps; w++) {
      make_ready(warps[w], warps[w].at_barrier);
      warps[w].at_barrier = 0;
    }
    if (launch->seed) {  // whoever came last has no head start
      make_ready(*thread.warp, 1u << thread.lane);
      give_way();
    }
  } else {
    thread.waits = site;
    thread.warp->at_barrier |= 1u << thread.lane;
    give_way();
  }
  return block.votes[slot];
}

Meeting& Machine::meeting(Warp& warp, u32 mask) {
  if (mask == FULL) return warp.everyone;
  for (auto& part : warp.parts)
    if (part->mask == mask) return *part;
  warp.parts.push_back(std::make_unique<Meeting>());
  warp.parts.back()->mask = mask;
  return *warp.parts.back();
}

// Every lane of the mask, in the same operation. Gives the values all of them brought.
const u64* Machine::meet_warp(Site site, u32 mask, u64 value, void (*work)(const u64* values)) {
  Thread& thread = *current;
  Warp& warp = *thread.warp;
  const u32 lane = 1u << thread.lane;
  if (!(mask & lane)) fail("%s (%s:%d): lane %u is not in its own mask %08x", site.operation, base_name(site.file), site.line, thread.lane, mask);
  const u32 present = thread.block->threads - (warp.first - thread.block->first_warp * 32);
  const u32 missing = mask & (warp.returned | (present >= 32 ? 0u : ~0u << present));
  if (missing) fail("%s (%s:%d): the mask %08x names lanes that have returned or never were, %08x", site.operation, base_name(site.file), site.line, mask, missing);
  Meeting& here = meeting(warp, mask);
  if (here.arrived == 0) here.site = site;
  if (here.site.operation != site.operation && std::strcmp(here.site.operation, site.operation))
    fail("lanes of one mask meet in %s (%s:%d) and %s (%s:%d)", here.site.operation, base_name(here.site.file),
         here.site.line, site.operation, base_name(site.file), site.line);
  u64* values = here.values[here.phase & 1];
  values[thread.lane] = value;
  here.arrived |= lane;
  if (here.arrived == mask) {
    if (work) work(values);
    here.arrived = 0;
    here.phase++;
    make_ready(warp, mask & ~lane);
  } else {
    thread.waits = site;
    give_way();
  }
  return values;
}

void Machine::wait_at(Site site, const void* counter) {
  current->waits = site;
  waiters.push_back({counter, current});
  give_way();
}

void Machine::wake(const void* counter) {
  std::size_t kept = 0;
  for (const Waiter& waiter : waiters) {
    if (waiter.counter == counter)
      make_ready(*waiter.thread->warp, 1u << waiter.thread->lane);
    else
      waiters[kept++] = waiter;
  }
  waiters.resize(kept);
}

void Machine::fail(const char* format, ...) {
  std::fprintf(stderr, "bed: %s: ", launch->kernel->name);
  std::va_list values;
  va_start(values, format);
  std::vfprintf(stderr, format, values);
  va_end(values);
  const uint3 block = current->block->index;
  std::fprintf(stderr, " [block (%u, %u, %u), seed %llu]\n", block.x, block.y, block.z, launch->seed);
  std::abort();
}

void Machine::report_deadlock() {
  std::fprintf(stderr, "bed: %s: deadlock, seed %llu%s\n", launch->kernel->name, launch->seed,
               launch->cooperative ? "" : " (blocks of an ordinary launch never wait for each other)");
  print_waiting();
  std::abort();
}

void Machine::print_waiting() {
  std::map<std::string, u32> waiting;
  for (u32 w = 0; w < warp_count; w++)
    for (u32 lane = 0; lane < 32; lane++) {
      const Thread& thread = threads[warps[w].first + lane];
      if (!thread.stack || warps[w].returned >> lane & 1) continue;
      const uint3 block = thread.block->index;
      waiting["block (" + std::to_string(block.x) + ", " + std::to_string(block.y) + ", " + std::to_string(block.z) + ") " +
              thread.waits.operation + " at " + base_name(thread.waits.file) + ":" + std::to_string(thread.waits.line) +
              (thread.barrier ? std::string(", ") + described(thread.barrier, *thread.block).text : "")]++;
    }
  u32 lines = 0;
  for (const auto& [where, count] : waiting)
    if (lines++ < 20) std::fprintf(stderr, "  %u threads: %s\n", count, where.c_str());
}

}  // namespace bed
