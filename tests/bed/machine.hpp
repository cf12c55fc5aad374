// The execution of blocks on one OS thread: CUDA threads as fibers, their scheduler, and everything they wait at.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "fiber.hpp"

struct uint3 { unsigned x, y, z; };
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
  constexpr unsigned long long count() const { return 1ull * x * y * z; }
};

namespace bed {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = unsigned long long;
using i64 = long long;

struct Kernel;
struct Block;
struct Warp;
struct TensorMap;

struct Launch {
  const Kernel* kernel;
  const void* arguments;
  dim3 grid, block;
  u32 dynamic_bytes;
  bool cooperative;
  u64 seed;  // 0: threads run in order; otherwise an adversarial order drawn from it
};

// Runs every block of the launch to its end. A deadlock or a misused barrier is reported and ends the process.
void run(const Launch& launch);

// Where in a kernel's source a thread waits, and in which operation.
struct Site {
  const char* operation;
  const char* file;
  int line;
};

// One `cp.async` that has been issued and not waited for.
struct Copy {
  void* to;
  const void* from;
  u32 group;
};

// A box of a matrix on its way to shared memory.
struct Box {
  Block* block;
  u64* barrier;
  u8* to;
  const TensorMap* map;
  u32 column, row;
};

// One product of a warpgroup, and the sums of a warp that products are added to until the last of them is waited for.
struct Product {
  u64 rows, columns;
  bool accumulate, done;
  u32 group;
  struct Sums* sums;
};
struct Sums {
  float* of_lanes[32];
  float values[16][256];
  u32 in_flight;
};

struct Thread {
  uint3 index;
  u32 lane, linear;
  Block* block;
  Warp* warp;
  Stack* stack;  // null until it begins
  Site waits;
  const u64* barrier;        // at which it waits
  std::vector<u64*> fresh;   // barriers that it has initialized and not made visible
  std::vector<Copy> copies;
  u32 copy_group;  // groups committed so far
};

// Where the lanes of one mask meet: two sets of values, for the fast lanes may be one meeting ahead of the slow.
struct Meeting {
  u32 mask = 0, arrived = 0, phase = 0;
  Site site{};
  u64 values[2][32];
};

struct Warp {
  Block* block;
  u32 first;       // position of lane 0 in Machine::threads
  u32 ready, asleep, at_barrier, returned;  // lane masks
  u32 place;        // in the order in which warps run: its number, under a seed a drawn one
  Meeting everyone;
  std::vector<std::unique_ptr<Meeting>> parts;

  u32 registers;  // of each thread
  bool ordered;   // registers against the products to come
  u32 groups;     // of products, committed so far
  u64 history;    // a hash of the products so far: the same in all warps of a warpgroup
  std::vector<Product> products;
  std::vector<std::unique_ptr<Sums>> sums;
};

constexpr u32 SHARED_SITES = 512;
constexpr std::size_t STATIC_CAPACITY = 4 << 20, DYNAMIC_CAPACITY = 256 << 10;

struct Block {
  uint3 index;
  u32 threads, first_warp, warps, arrived, returned, phase;
  Site site;          // of the barrier now being waited at
  u32 votes[2];       // of __syncthreads_count and its kin, by phase
  u8* shared;         // STATIC_CAPACITY for all static arrays of all kernels, then the dynamic memory
  u64 poisoned[SHARED_SITES / 64];  // the static arrays this block has touched
  u32 static_bytes;
  bool dynamic_poisoned;
  u32 spare_registers;  // that warps have given back
};

class Machine {
 public:
  ~Machine();
  void run(const Launch& launch, u64 first_block, u32 blocks);

  Thread* current = nullptr;
  const Launch* launch = nullptr;

  u32 meet_block(Site site, bool vote);
  // The last lane to come does the work, before any goes on.
  const u64* meet_warp(Site site, u32 mask, u64 value, void (*work)(const u64* values) = nullptr);
  void wait_at(Site site, const void* counter);
  void wake(const void* counter);
  void sleep(Site site);
  u64 random();
  bool early() { return launch->seed && (random() & 1); }
  std::vector<Box> boxes;  // under way
  [[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 2, 3)));

 private:
  static void fiber_main();
  void prepare_blocks(u64 first_block, u32 count);
  void prepare_block(Block& block, u64 index);
  void begin(Thread& thread);
  void finish(Thread& thread);
  void give_way();
  void make_ready(Warp& warp, u32 lanes);
  Thread* pick();
  Thread* pick_in_order();
  Thread* pick_adversarially();
  Thread* take(u32 warp, u32 lane);
  bool wake_sleepers();
  bool deliver_box();
  u32 registers_each() const;
  void check_block_end(const Block& block);
  void redraw_places();
  Meeting& meeting(Warp& warp, u32 mask);
  Stack* idle_stack();
  [[noreturn]] void report_deadlock();
  void print_waiting();

  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<Block> blocks;
  std::vector<u64> ready_warps;  // a bit for each warp with a ready lane, at its place
  std::vector<u32> warp_at;      // of each place, under a seed
  std::vector<u64> draws;        // what places are drawn by
  std::vector<u8*> shared;
  std::vector<Stack*> idle;
  std::vector<std::unique_ptr<Stack[]>> stacks;
  struct Waiter { const void* counter; Thread* thread; };
  std::vector<Waiter> waiters;
  void* outside = nullptr;  // the caller of run()
  u32 warp_count = 0, last_warp = 0, idle_rounds = 0;
  u64 alive = 0, state = 0;
};

extern thread_local Machine* machine __attribute__((tls_model("initial-exec")));

}  // namespace bed
