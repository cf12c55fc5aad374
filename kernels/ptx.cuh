// The only inline PTX, with ptx_90a.cuh: each primitive with its instruction and what the test bed does in its place.
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

// Single precision to half, to nearest even. The argument is finite and within half's range.
DEVICE F16 to_f16(float x) {
#ifdef __CUDACC__
    F16 half;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half.bits) : "f"(x));
    return half;
#else
    return {bed::half_of(x)};
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

// Four 8 x 8 matrices of 16-bit values from shared memory: lane 8 i + r gives the address, of 16 aligned bytes, of row r of
// matrix i; register i of lane l gets the values 2 (l % 4) and one more of row l / 4 of matrix i. By whole warps.
DEVICE void load_matrices(u32 (&out)[4], const void* row) {
#ifdef __CUDACC__
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(u32(__cvta_generic_to_shared(row)))
                 : "memory");
#else
    bed::load_matrices(out, row);
#endif
}

// sums (16 x 8) += rows (16 x 16) columns (8 x 16)^T, halves, by whole warps. Register r of `rows`, lane l: the values
// 2 (l % 4) + 8 (r / 2) and one more of row l / 4 + 8 (r % 2); r of `columns`: 2 (l % 4) + 8 r and one more of column l / 4;
// sum i: row l / 4 + 8 (i / 2), column 2 (l % 4) + i % 2.
DEVICE void multiply_16x8x16(float (&sums)[4], const u32 (&rows)[4], const u32 (&columns)[2]) {
#ifdef __CUDACC__
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(rows[0]), "r"(rows[1]), "r"(rows[2]), "r"(rows[3]), "r"(columns[0]), "r"(columns[1]));
#else
    bed::multiply_16x8x16(sums, rows, columns);
#endif
}

// The same of int8 values, 32 of each row and column, summed in i32, which may wrap: sums (16 x 8) += rows (16 x 32) columns
// (8 x 32)^T. A register has four values, where that of halves has two: register r of `rows`, lane l: the values 4 (l % 4) +
// 16 (r / 2) and three more.
DEVICE void multiply_16x8x32(i32 (&sums)[4], const u32 (&rows)[4], const u32 (&columns)[2]) {
#ifdef __CUDACC__
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
                 : "r"(rows[0]), "r"(rows[1]), "r"(rows[2]), "r"(rows[3]), "r"(columns[0]), "r"(columns[1]));
#else
    bed::multiply_16x8x32(sums, rows, columns);
#endif
}

// Adds one to a counter. A thread that sees the new count sees all that this thread wrote or saw before.
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
