#include "fiber.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

#if defined(__x86_64__)
__asm__(R"(
.text
.globl bed_switch
.hidden bed_switch
.type bed_switch,@function
bed_switch:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  popq %rcx
  jmpq *%rcx
.size bed_switch,.-bed_switch
)");
constexpr int SAVED_WORDS = 8, RETURN_WORD = 6;
#elif defined(__aarch64__)
__asm__(R"(
.text
.globl bed_switch
.hidden bed_switch
bed_switch:
  sub sp,sp,#160
  stp x19,x20,[sp]; stp x21,x22,[sp,#16]; stp x23,x24,[sp,#32]; stp x25,x26,[sp,#48]
  stp x27,x28,[sp,#64]; stp x29,x30,[sp,#80]
  stp d8,d9,[sp,#96]; stp d10,d11,[sp,#112]; stp d12,d13,[sp,#128]; stp d14,d15,[sp,#144]
  mov x9,sp; str x9,[x0]; mov sp,x1
  ldp x19,x20,[sp]; ldp x21,x22,[sp,#16]; ldp x23,x24,[sp,#32]; ldp x25,x26,[sp,#48]
  ldp x27,x28,[sp,#64]; ldp x29,x30,[sp,#80]
  ldp d8,d9,[sp,#96]; ldp d10,d11,[sp,#112]; ldp d12,d13,[sp,#128]; ldp d14,d15,[sp,#144]
  add sp,sp,#160
  ret
)");
constexpr int SAVED_WORDS = 20, RETURN_WORD = 11;
#else
#error "bed_switch is written for x86-64 and aarch64"
#endif

namespace bed {
namespace {

// Successive stacks start ten cache lines further into their page: equal offsets would share a few cache sets.
constexpr std::size_t STRIDE = STACK_BYTES + 10 * 64;

char* map_zeroed(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("bed: mmap of stacks");
    std::abort();
  }
  return static_cast<char*>(memory);
}

}  // namespace

void make_stacks(Stack* stacks, std::size_t count, void (*main)()) {
  char* memory = map_zeroed(count * STRIDE);
  for (std::size_t i = 0; i < count; i++, memory += STRIDE) {
    void** top = reinterpret_cast<void**>(memory + STACK_BYTES) - SAVED_WORDS - 8;
    top[RETURN_WORD] = reinterpret_cast<void*>(main);
    stacks[i] = {top, reinterpret_cast<const unsigned long*>(memory)};
  }
}

void unmap_stacks(Stack* stacks, std::size_t count) {
  munmap(const_cast<unsigned long*>(stacks[0].end), count * STRIDE);
}

}  // namespace bed
