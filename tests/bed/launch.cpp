// A launch over the OS threads: one block at a time on each, or all blocks together on one where they may wait for each
// other.
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "machine.hpp"
#include "registry.hpp"

namespace bed {
namespace {

// Less than this is done before a second OS thread has woken.
constexpr auto WORTH_SHARING = std::chrono::microseconds(100);

u64 mixed(u64 x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  return x ^ (x >> 27);
}

Machine& own_machine() {
  thread_local Machine own;
  return own;
}

// The blocks of one launch, handed out one by one.
struct Job {
  const Launch& launch;
  const u64 blocks;
  std::atomic<u64> next{0};

  bool run_one() {
    const u64 i = next.fetch_add(1);
    if (i >= blocks) return false;
    const u64 step = launch.seed ? mixed(launch.seed) % blocks : 0;
    own_machine().run(launch, (i + step) % blocks, 1);
    return true;
  }

  void work() {
    while (run_one()) {
    }
  }

  // Whether all that is left takes longer than it is to wake a worker, judged by the first block.
  bool worth_sharing() {
    const auto begin = std::chrono::steady_clock::now();
    run_one();
    return (std::chrono::steady_clock::now() - begin) * (blocks - 1) > WORTH_SHARING;
  }
};

// Workers that live as long as the process; one launch at a time, others run on their caller alone.
class Pool {
 public:
  Pool() {
    const unsigned cores = std::thread::hardware_concurrency();
    for (unsigned i = 1; i < cores && i < 16; i++) std::thread([this] { serve(); }).detach();
  }

  void share(Job& job) {
    std::unique_lock<std::mutex> mine(owner, std::try_to_lock);
    if (!mine) return job.work();
    post(&job);
    job.work();
    withdraw();
  }

 private:
  void post(Job* job) {
    std::lock_guard<std::mutex> lock(mutex);
    posted = job;
    wanted.notify_all();
  }

  void withdraw() {
    std::unique_lock<std::mutex> lock(mutex);
    posted = nullptr;
    left.wait(lock, [this] { return busy == 0; });
  }

  void serve() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wanted.wait(lock, [&] { return posted && posted->next < posted->blocks; });
      Job* job = posted;
      busy++;
      lock.unlock();
      job->work();
      lock.lock();
      if (--busy == 0) left.notify_all();
    }
  }

  std::mutex owner, mutex;
  std::condition_variable wanted, left;
  Job* posted = nullptr;
  unsigned busy = 0;
};

Pool& pool() {
  static Pool* pool = new Pool;  // never destroyed: its workers are still waiting when the process ends
  return *pool;
}

}  // namespace

void run(const Launch& launch) {
  const u64 blocks = launch.grid.count();
  if (launch.cooperative) return own_machine().run(launch, 0, u32(blocks));
  Job job{launch, blocks};
  if (blocks <= 2 || !job.worth_sharing()) return job.work();
  pool().share(job);
}

}  // namespace bed
