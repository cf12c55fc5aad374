// The built-in variables, the barriers of a block, the vector types.
#pragma once
#include <cstdio>
#include <cstdlib>

#include "machine.hpp"
#include "registry.hpp"

#define threadIdx (bed::machine->current->index)
#define blockIdx (bed::machine->current->block->index)
#define blockDim (bed::machine->launch->block)
#define gridDim (bed::machine->launch->grid)
constexpr int warpSize = 32;

// Each takes the place in the source from its caller: threads of a block must meet at the same one.
#define BED_HERE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(BED_HERE) { bed::machine->meet_block({"__syncthreads", file, line}, false); }
inline int __syncthreads_count(int vote, BED_HERE) {
  return int(bed::machine->meet_block({"__syncthreads_count", file, line}, vote != 0));
}
inline int __syncthreads_or(int vote, BED_HERE) {
  return bed::machine->meet_block({"__syncthreads_or", file, line}, vote != 0) != 0;
}
inline int __syncthreads_and(int vote, BED_HERE) {
  return bed::machine->meet_block({"__syncthreads_and", file, line}, vote != 0) == bed::machine->current->block->threads;
}
inline void __nanosleep(unsigned, BED_HERE) { bed::machine->sleep({"__nanosleep", file, line}); }
inline void __threadfence_block() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
[[noreturn]] inline void __trap(BED_HERE) { bed::machine->fail("__trap at %s:%d", file, line); }

struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) double2 { double x, y; };
struct alignas(4) ushort2 { unsigned short x, y; };
struct alignas(8) ushort4 { unsigned short x, y, z, w; };
struct alignas(4) uchar4 { unsigned char x, y, z, w; };
struct alignas(4) char4 { signed char x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(16) ulonglong2 { unsigned long long x, y; };
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline double2 make_double2(double x, double y) { return {x, y}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline int2 make_int2(int x, int y) { return {x, y}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
inline ulonglong2 make_ulonglong2(unsigned long long x, unsigned long long y) { return {x, y}; }
template <class T> T __ldg(const T* address) { return *address; }
template <class T> T __ldcg(const T* address) { return *address; }
template <class T> T __ldcs(const T* address) { return *address; }
template <class T> void __stcs(T* address, T value) { *address = value; }
