// Atomic operations on global and shared memory: relaxed on the device, as strong as the host has them here.
#pragma once
#include "arithmetic.hpp"

template <class T> inline T bed_load(const T* p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }

template <class T, class Update> inline T bed_update(T* address, Update update) {
  T old = *static_cast<volatile T*>(address), wanted;
  do wanted = update(old);
  while (!__atomic_compare_exchange(address, &old, &wanted, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  return old;
}

#define BED_INTEGER_ATOMICS(T)                                                                                \
  inline T atomicAdd(T* p, T v) { return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); }                        \
  inline T atomicOr(T* p, T v) { return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST); }                          \
  inline T atomicAnd(T* p, T v) { return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST); }                        \
  inline T atomicXor(T* p, T v) { return __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST); }                        \
  inline T atomicExch(T* p, T v) { return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST); }                      \
  inline T atomicMin(T* p, T v) { return bed_update(p, [v](T old) { return v < old ? v : old; }); }           \
  inline T atomicMax(T* p, T v) { return bed_update(p, [v](T old) { return old < v ? v : old; }); }           \
  inline T atomicCAS(T* p, T expected, T wanted) {                                                            \
    __atomic_compare_exchange_n(p, &expected, wanted, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);             \
    return expected;                                                                                          \
  }
BED_INTEGER_ATOMICS(int)
BED_INTEGER_ATOMICS(unsigned)
BED_INTEGER_ATOMICS(unsigned long long)
#undef BED_INTEGER_ATOMICS

inline unsigned atomicSub(unsigned* p, unsigned v) { return __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST); }
inline float atomicAdd(float* p, float v) { return bed_update(p, [v](float old) { return old + v; }); }
inline double atomicAdd(double* p, double v) { return bed_update(p, [v](double old) { return old + v; }); }
