// The only inline PTX: each primitive with its instruction and what the test bed does in its place.
#pragma once
#include "portable.cuh"

// Half precision to single, exact.
DEVICE float widen(F16 x) {
#ifdef __CUDACC__
    float wide;
    asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(x.bits));
    return wide;
#else
    const u32 sign = u32(x.bits & 0x8000) << 16, rest = u32(x.bits & 0x7fff) << 13;
    if (rest >= 0x0f800000u) return __uint_as_float(sign | rest | 0x7f800000u); // an infinity or a NaN
    return __uint_as_float(sign | __float_as_uint(__uint_as_float(rest) * 0x1p112f));
#endif
}

// Begins a copy of 16 aligned bytes from global to shared memory, past L1.
DEVICE void cp_async16(void* shared, const void* global) {
#ifdef __CUDACC__
    const u32 to = u32(__cvta_generic_to_shared(shared));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(global) : "memory");
#else
    bed::copy_later(shared, global);
#endif
}

// Ends a group of copies.
DEVICE void cp_async_commit() {
#ifdef __CUDACC__
    asm volatile("cp.async.commit_group;" ::: "memory");
#else
    bed::commit_copies();
#endif
}

// Until at most `IN_FLIGHT` of this thread's groups have not arrived. Others see the bytes after a barrier.
template <int IN_FLIGHT> DEVICE void cp_async_wait() {
#ifdef __CUDACC__
    asm volatile("cp.async.wait_group %0;" ::"n"(IN_FLIGHT) : "memory");
#else
    bed::await_copies(IN_FLIGHT);
#endif
}

// Adds one to a counter: whoever sees it sees all that this thread wrote or saw before.
DEVICE void arrive(u32* counter) {
#ifdef __CUDACC__
    asm volatile("red.release.gpu.add.u32 [%0], 1;" ::"l"(counter) : "memory");
#else
    atomicAdd(counter, 1u);
    bed::machine->wake(counter);
#endif
}

DEVICE u32 load_acquire(const u32* counter) {
#ifdef __CUDACC__
    u32 value;
    asm volatile("ld.acquire.gpu.u32 %0, [%1];" : "=r"(value) : "l"(counter) : "memory");
    return value;
#else
    return bed_load(counter);
#endif
}

// Between two looks at a counter that another block raises.
DEVICE void between_looks(const u32* counter) {
#ifndef __CUDACC__
    bed::machine->wait_at({"group_barrier", __FILE__, __LINE__}, counter);
#else
    (void)counter;
#endif
}

// A barrier among blocks that are resident together: every thread of each calls it, with the count that the arrivals of
// all of them reach. Counts may wrap.
DEVICE void group_barrier(u32* counter, u32 target) {
    __syncthreads();
    if (threadIdx.x == 0) {
        arrive(counter);
        while (i32(load_acquire(counter) - target) < 0) between_looks(counter);
    }
    __syncthreads();
}
