// Primitives that only a GPU of compute capability 9.0 has, compiled for sm_90a: boxes of a matrix that arrive by
// themselves in shared memory, the barriers that tell, and products of whole warpgroups (128 threads, aligned) on what
// lies there. As in ptx.cuh, each with its instruction and what the test bed does in its place.
#pragma once
#include "ptx.cuh"

// A matrix in global memory and the shape of its boxes: CUtensorMap. An argument of the kernel, never copied.
struct alignas(64) TensorMap {
    u64 words[16];
};

// An mbarrier, in shared memory. Its phases count 0, 1, 2, ...: one ends when all arrivals have come, and all bytes that they
// announced.
using Barrier = u64;

DEVICE u32 shared_address(const void* shared) {
#ifdef __CUDACC__
    return u32(__cvta_generic_to_shared(shared));
#else
    return bed::shared_address(shared);
#endif
}

DEVICE void barrier_init(Barrier* barrier, u32 arrivals) {
#ifdef __CUDACC__
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
#else
    bed::barrier_init(barrier, arrivals);
#endif
}

// After the barriers that this thread has initialized, and before the __syncthreads that lets others use them.
DEVICE void barrier_init_visible() {
#ifdef __CUDACC__
    asm volatile("fence.mbarrier_init.release.cluster; fence.proxy.async.shared::cta;" ::: "memory");
#else
    bed::barrier_init_visible();
#endif
}

DEVICE void barrier_arrive(Barrier* barrier) {
#ifdef __CUDACC__
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
#else
    bed::barrier_arrive(barrier, 0);
#endif
}

// Arrives, and announces bytes that copies will bring.
DEVICE void barrier_arrive_expecting(Barrier* barrier, u32 bytes) {
#ifdef __CUDACC__
    const u32 at = shared_address(barrier);
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at), "r"(bytes) : "memory");
#else
    bed::barrier_arrive(barrier, bytes);
#endif
}

// Until the phase of this parity has ended: the one now, or the one before.
DEVICE void barrier_wait(Barrier* barrier, u32 parity) {
#ifdef __CUDACC__
    u32 ended;
    do {
        asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                     : "=r"(ended)
                     : "r"(shared_address(barrier)), "r"(parity)
                     : "memory");
    } while (!ended);
#else
    bed::barrier_wait(barrier, parity);
#endif
}

// Begins to copy the box of the map at (column, row) to shared memory, aligned to 1024 bytes, in the 128-byte swizzle. All its
// bytes count at the barrier, also those of cells outside the matrix, which are 0. By one thread.
DEVICE void copy_box(void* shared, const TensorMap* map, Barrier* barrier, u32 column, u32 row) {
#ifdef __CUDACC__
    const u32 to = shared_address(shared), at = shared_address(barrier);
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
                 "[%0], [%1, {%3, %4}], [%2];" ::"r"(to),
                 "l"(map), "r"(at), "r"(column), "r"(row)
                 : "memory");
#else
    bed::copy_box(shared, map, barrier, column, row);
#endif
}

// A matrix as `copy_box` lays it: rows of 64 halves in the 128-byte swizzle, groups of 8 rows 1024 bytes apart, from a row on
// that begins such a group. 2 more advances it by 16 halves.
DEVICE u64 matrix_descriptor(const void* shared) {
    constexpr u64 UNUSED_LEADING_OFFSET = 1ull << 16, GROUP_OFFSET = u64(1024 / 16) << 32, SWIZZLE_128 = 1ull << 62;
    return (shared_address(shared) & 0x3ffff) / 16 | UNUSED_LEADING_OFFSET | GROUP_OFFSET | SWIZZLE_128;
}

// Orders what this warpgroup did to registers before the products that follow. Before the first of each group.
DEVICE void wgmma_begin() {
#ifdef __CUDACC__
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#else
    bed::wgmma_begin();
#endif
}

// Ends a group of products.
DEVICE void wgmma_commit() {
#ifdef __CUDACC__
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#else
    bed::wgmma_commit();
#endif
}

// Until at most `IN_FLIGHT` groups are not done. Only then may others overwrite what they read.
template <int IN_FLIGHT> DEVICE void wgmma_wait() {
#ifdef __CUDACC__
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(IN_FLIGHT) : "memory");
#else
    bed::wgmma_wait(IN_FLIGHT);
#endif
}

#define SUMS_OF(j) "+f"(sums[j][0]), "+f"(sums[j][1]), "+f"(sums[j][2]), "+f"(sums[j][3])
#define SUMS_OF_8(j) \
    SUMS_OF(j), SUMS_OF(j + 1), SUMS_OF(j + 2), SUMS_OF(j + 3), SUMS_OF(j + 4), SUMS_OF(j + 5), SUMS_OF(j + 6), SUMS_OF(j + 7)
#define ALL_SUMS SUMS_OF_8(0), SUMS_OF_8(8), SUMS_OF_8(16), SUMS_OF_8(24)

// The same, and the sums may be read from now on: without it the compiler, which knows nothing of products in flight, could
// read them before.
template <int IN_FLIGHT> DEVICE void wgmma_wait(float (&sums)[32][4]) {
    wgmma_wait<IN_FLIGHT>();
#ifdef __CUDACC__
    asm volatile("" : ALL_SUMS::"memory");
#else
    bed::wgmma_settled(sums[0]);
#endif
}

// sums (64 x 256) = or += rows (64 x 16) columns (256 x 16)^T, of halves, by a warpgroup. Sum [j][2 h + e] of a thread: row
// 16 (warp % 4) + lane / 4 + 8 h, column 8 j + 2 (lane % 4) + e.
DEVICE void multiply_64x256x16(float (&sums)[32][4], u64 rows, u64 columns, bool accumulate) {
#ifdef __CUDACC__
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %130, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 {"
                 "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                 "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                 "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
                 "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
                 "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
                 "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
                 "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127}, "
                 "%128, %129, p, 1, 1, 0, 0; }"
                 : ALL_SUMS
                 : "l"(rows), "l"(columns), "r"(u32(accumulate)));
#else
    bed::multiply_64x256x16(sums[0], rows, columns, accumulate);
#endif
}

#undef SUMS_OF
#undef SUMS_OF_8
#undef ALL_SUMS

// From now on each thread of this warpgroup has so many registers, a multiple of 8; they come from warpgroups that gave
// theirs.
template <int REGISTERS> DEVICE void registers_take() {
    static_assert(REGISTERS >= 24 && REGISTERS <= 256 && REGISTERS % 8 == 0);
#ifdef __CUDACC__
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
#else
    bed::registers_take(REGISTERS);
#endif
}

// The same for fewer registers: gives the others back.
template <int REGISTERS> DEVICE void registers_give() {
    static_assert(REGISTERS >= 24 && REGISTERS <= 256 && REGISTERS % 8 == 0);
#ifdef __CUDACC__
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
#else
    bed::registers_give(REGISTERS);
#endif
}
