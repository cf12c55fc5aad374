// Arithmetic with the rounding its name says, and the bits of numbers. Built with -ffp-contract=off.
#pragma once
#include <math.h>
#include <string.h>

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return __builtin_sqrtf(a); }
inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double a) { return __builtin_sqrt(a); }
inline double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }

inline float __double2float_rn(double a) { return float(a); }
inline float __double2float_ru(double a) {
  const float nearest = float(a);
  return double(nearest) < a ? nextafterf(nearest, __builtin_inff()) : nearest;
}
inline float __double2float_rd(double a) {
  const float nearest = float(a);
  return double(nearest) > a ? nextafterf(nearest, -__builtin_inff()) : nearest;
}
inline float __double2float_rz(double a) { return a < 0 ? __double2float_ru(a) : __double2float_rd(a); }
inline float __int2float_rn(int a) { return float(a); }
inline int __double2int_rn(double a) { return int(nearbyint(a)); }
// The product is exact in f64, and what its sum with `c` was rounded by is known exactly.
inline float __fmaf_ru(float a, float b, float c) {
  const double product = double(a) * double(b), sum = product + double(c);
  const double added = sum - product, lost = (product - (sum - added)) + (double(c) - added);
  return __double2float_ru(lost > 0 ? nextafter(sum, HUGE_VAL) : sum);
}

template <class To, class From> inline To bed_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}
inline unsigned __float_as_uint(float a) { return bed_bits<unsigned>(a); }
inline int __float_as_int(float a) { return bed_bits<int>(a); }
inline float __uint_as_float(unsigned a) { return bed_bits<float>(a); }
inline float __int_as_float(int a) { return bed_bits<float>(a); }
inline long long __double_as_longlong(double a) { return bed_bits<long long>(a); }
inline double __longlong_as_double(long long a) { return bed_bits<double>(a); }

inline int __popc(unsigned a) { return __builtin_popcount(a); }
inline int __popcll(unsigned long long a) { return __builtin_popcountll(a); }
inline int __ffs(int a) { return __builtin_ffs(a); }
inline int __ffsll(long long a) { return __builtin_ffsll(a); }
inline int __clz(int a) { return a ? __builtin_clz(unsigned(a)) : 32; }
inline int __clzll(long long a) { return a ? __builtin_clzll((unsigned long long)a) : 64; }

#define BED_MIN_MAX(T)                                 \
  constexpr T min(T a, T b) { return b < a ? b : a; }  \
  constexpr T max(T a, T b) { return a < b ? b : a; }
BED_MIN_MAX(int)
BED_MIN_MAX(unsigned)
BED_MIN_MAX(long)
BED_MIN_MAX(unsigned long)
BED_MIN_MAX(long long)
BED_MIN_MAX(unsigned long long)
#undef BED_MIN_MAX
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }
