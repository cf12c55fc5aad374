// A stack of its own for every CUDA thread that has begun and not returned, and the switch between two of them.
#pragma once
#include <cstddef>

namespace bed {

constexpr std::size_t STACK_BYTES = 64 << 10;

struct Stack {
  void* top = nullptr;      // where the switch left off
  const unsigned long* end = nullptr;  // the lowest word: still zero unless the stack overflowed
};

// Saves the caller's registers on its stack, stores that stack's top in `*from`, and goes on where `to` left off.
extern "C" void bed_switch(void** from, void* to);

// `count` fresh stacks; the first switch to each calls `main`, which never returns.
void make_stacks(Stack* stacks, std::size_t count, void (*main)());
void unmap_stacks(Stack* stacks, std::size_t count);

}  // namespace bed
