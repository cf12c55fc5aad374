// Lets one kernel source be compiled by nvcc for the device and by g++ for the test bed (tests/bed): names of types,
// how a kernel and its shared memory are declared, and the element types of a pool.
#pragma once

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using i32 = int;
using u64 = unsigned long long;
using i64 = long long;

// KERNEL(refresh_f32, RefreshArguments, 256, 2) { ... }: a kernel of at most 256 threads a block, of which two blocks must
// fit on a multiprocessor. Its one parameter is `a`, a RefreshArguments.
//
// SHARED(tile, float[2][128]); declares a static array, DYNAMIC_SHARED(float, rows); a pointer to the launch's bytes.
#ifdef __CUDACC__

#define DEVICE __device__ __forceinline__
#define KERNEL(name, Arguments, threads, blocks) \
    extern "C" __global__ void __launch_bounds__(threads, blocks) name(const __grid_constant__ Arguments a)
template <class T> struct SharedOf {
    using type = T;
};
#define SHARED(name, ...) __shared__ __align__(16) typename SharedOf<__VA_ARGS__>::type name
#define DYNAMIC_SHARED(type, name)                                    \
    extern __shared__ __align__(1024) unsigned char dynamic_shared[]; \
    type* const name = reinterpret_cast<type*>(dynamic_shared)

#else

#include "bed.hpp"

#define DEVICE inline
#define KERNEL(name, Arguments, threads, blocks)                                                            \
    static void name(const Arguments& a);                                                                   \
    static const bed::Kernel name##_kernel(#name, sizeof(Arguments), threads, blocks,                       \
                                           [](const void* a) { name(*static_cast<const Arguments*>(a)); }); \
    static void name([[maybe_unused]] const Arguments& a)
template <class T> struct SharedOf {
    using type = T;
};
#define SHARED(name, ...)                                                                 \
    static const bed::SharedSite name##_site(sizeof(SharedOf<__VA_ARGS__>::type), #name); \
    typename SharedOf<__VA_ARGS__>::type& name = *static_cast<typename SharedOf<__VA_ARGS__>::type*>(name##_site.memory())
#define DYNAMIC_SHARED(type, name) \
    type* const name = static_cast<type*>(bed::dynamic_shared({"dynamic shared memory", __FILE__, __LINE__}))

#endif

constexpr u32 FULL_WARP = 0xffffffffu;
constexpr u32 WARP = 32;
constexpr u32 QUAD = 4; // lanes that have a row of what tensor cores multiply

// Elements as they lie in memory, and their exact value. `widen(F16)` is in ptx.cuh.
struct F16 {
    u16 bits;
};
struct Bf16 {
    u16 bits;
};

DEVICE double widen(double x) { return x; }
DEVICE float widen(float x) { return x; }
DEVICE float widen(Bf16 x) { return __uint_as_float(u32(x.bits) << 16); }
DEVICE float widen(u8 x) { return float(x); }
DEVICE float widen(signed char x) { return float(x); }
