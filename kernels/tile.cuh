// A tile of products on tensor cores: 128 rows x 128 columns of two row-major operands, halves or int8 values, by 256 threads.
//
// Slices of each operand, 64 bytes of a row, go to shared memory by asynchronous copies, three slices deep, one barrier a slice.
// Eight warps of 4 x 2 hold 32 x 64 products each, as `multiply_step` leaves them: lane l has, of row block i and column block j,
// rows 16 i + l / 4 (+ 8) and columns 8 j + 2 (l % 4) (+ 1). The 16-byte pieces of a slice's row change places by row, so that the
// eight rows of a matrix that `load_matrices` reads lie in different banks.
#pragma once
#include "fragment.cuh"
#include "limits.cuh"
#include "ptx.cuh"

namespace mma {

constexpr u32 STAGES = 3;
constexpr u32 ROW_BLOCKS = 2;    // of 16 rows, a warp
constexpr u32 COLUMN_BLOCKS = 8; // of 8 columns, a warp
constexpr u32 WARP_ROWS = 16 * ROW_BLOCKS, WARP_COLUMNS = 8 * COLUMN_BLOCKS;
constexpr u32 WARPS_DOWN = MMA_TILE / WARP_ROWS;
constexpr u32 PIECES = SLICE * sizeof(F16) / 16;    // of 16 bytes, of a row of a slice
constexpr u32 COPIES = MMA_TILE * PIECES / THREADS; // pieces of an operand that a thread copies
static_assert(COPIES * THREADS == MMA_TILE * PIECES, "no piece is left over");

// Values of a piece, and of a row of a slice. Operands are halves (F16), or bytes (u8) that are int8 values.
template <class T> constexpr u32 PIECE = 16 / sizeof(T);
template <class T> constexpr u32 ROW_OF_SLICE = PIECES * PIECE<T>;

template <class T> using SliceOf = T[MMA_TILE * ROW_OF_SLICE<T>];
typedef SliceOf<F16> Slice;
typedef SliceOf<u8> Int8Slice;

// What the products of such operands are summed in.
template <class T> struct SummedIn;
template <> struct SummedIn<F16> {
    using type = float;
};
template <> struct SummedIn<u8> {
    using type = i32;
};
template <class T> using Sum = typename SummedIn<T>::type;

template <class S> using Sums = S[ROW_BLOCKS][COLUMN_BLOCKS][4];
typedef Sums<float> Products;
typedef Sums<i32> Int8Products;

// 32 bytes of each row and column.
DEVICE void multiply_step(float (&sums)[4], const u32 (&rows)[4], const u32 (&columns)[2]) {
    multiply_16x8x16(sums, rows, columns);
}
DEVICE void multiply_step(i32 (&sums)[4], const u32 (&rows)[4], const u32 (&columns)[2]) {
    multiply_16x8x32(sums, rows, columns);
}

// Whether the warp has a product of the tile's first `rows` x `columns`.
DEVICE bool warp_has(u32 rows, u32 columns) {
    u32 warp = threadIdx.x / WARP;
    return warp % WARPS_DOWN * WARP_ROWS < rows && warp / WARPS_DOWN * WARP_COLUMNS < columns;
}

// The first row and column of the tile of which this thread has products.
DEVICE u32 first_row_of_thread() { return threadIdx.x / WARP % WARPS_DOWN * WARP_ROWS + threadIdx.x % WARP / QUAD; }
DEVICE u32 first_column_of_thread() { return threadIdx.x / WARP / WARPS_DOWN * WARP_COLUMNS + threadIdx.x % QUAD * 2; }

// Where piece `piece` of a slice's row lies in the slice.
template <class T>
DEVICE u32 place_in_slice(u32 row, u32 piece) {
    return row * ROW_OF_SLICE<T> + (piece ^ (row / 2 % PIECES)) * PIECE<T>;
}

// Whether a row of `left` values from a slice on has this piece. Rows of halves are whole slices, of int8 values perhaps half of one.
template <class T>
DEVICE bool has_piece(u32 left, u32 piece) {
    return sizeof(T) == sizeof(F16) || piece * PIECE<T> < left;
}

// The pieces that this thread copies, slice after slice: of rows `threadIdx.x / PIECES + MMA_TILE / COPIES i`.
template <class T>
struct Copying {
    const T* from[COPIES];

    // `start(i)` is where row `i` of the operand begins: any row, a valid one also past the last.
    template <class Start>
    DEVICE explicit Copying(Start start) {
#pragma unroll
        for (u32 i = 0; i < COPIES; i++) from[i] = start(row(i)) + threadIdx.x % PIECES * PIECE<T>;
    }

    DEVICE static u32 row(u32 i) { return threadIdx.x / PIECES + MMA_TILE / COPIES * i; }

    // The slice of the values from `k` on, of `depth`.
    DEVICE void copy(T* slice, u32 k, u32 depth) const {
        if (!has_piece<T>(depth - k, threadIdx.x % PIECES)) return;
#pragma unroll
        for (u32 i = 0; i < COPIES; i++) cp_async16(&slice[place_in_slice<T>(row(i), threadIdx.x % PIECES)], from[i] + k);
    }
};

// One slice's part of the products. `left`: values of a row from this slice on.
template <class T>
DEVICE void multiply_slice(const T* rows, const T* columns, u32 left, Sums<Sum<T>>& products) {
    u32 warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    u32 matrix = lane / 8, first_row = warp % WARPS_DOWN * WARP_ROWS + lane % 8;
    u32 first_column = warp / WARPS_DOWN * WARP_COLUMNS + lane % 8;
#pragma unroll
    for (u32 piece = 0; piece < PIECES; piece += 2) {
        if (!has_piece<T>(left, piece)) break;
        u32 row[ROW_BLOCKS][4];
#pragma unroll
        for (u32 i = 0; i < ROW_BLOCKS; i++)
            load_matrices(row[i], &rows[place_in_slice<T>(first_row + 16 * i + matrix % 2 * 8, piece + matrix / 2)]);
#pragma unroll
        for (u32 j = 0; j < COLUMN_BLOCKS; j += 2) {
            u32 columns_of_two[4];
            load_matrices(columns_of_two, &columns[place_in_slice<T>(first_column + 8 * j + matrix / 2 * 8, piece + matrix % 2)]);
            u32 even[2] = {columns_of_two[0], columns_of_two[1]}, odd[2] = {columns_of_two[2], columns_of_two[3]};
#pragma unroll
            for (u32 i = 0; i < ROW_BLOCKS; i++) {
                multiply_step(products[i][j], row[i], even);
                multiply_step(products[i][j + 1], row[i], odd);
            }
        }
    }
}

// Computes all products of the tile; warps that want none leave theirs out. Every thread of the block calls it. The
// slices are free again when it returns.
template <class T>
DEVICE void tile_products(const Copying<T>& row, const Copying<T>& column, u32 depth, bool wanted, SliceOf<T>* rows,
                          SliceOf<T>* columns, Sums<Sum<T>>& products) {
#pragma unroll
    for (u32 i = 0; i < ROW_BLOCKS; i++)
#pragma unroll
        for (u32 j = 0; j < COLUMN_BLOCKS; j++)
#pragma unroll
            for (u32 e = 0; e < 4; e++) products[i][j][e] = 0;
    u32 slices = (depth + ROW_OF_SLICE<T> - 1) / ROW_OF_SLICE<T>;
    auto begin = [&](u32 slice) {
        if (slice < slices) {
            row.copy(rows[slice % STAGES], slice * ROW_OF_SLICE<T>, depth);
            column.copy(columns[slice % STAGES], slice * ROW_OF_SLICE<T>, depth);
        }
        cp_async_commit();
    };
    for (u32 slice = 0; slice < STAGES - 1; slice++) begin(slice);
    for (u32 slice = 0; slice < slices; slice++) {
        cp_async_wait<STAGES - 2>();
        __syncthreads(); // every thread's part of this slice has arrived, and nobody reads the slice before any more
        begin(slice + STAGES - 1);
        if (wanted) multiply_slice<T>(rows[slice % STAGES], columns[slice % STAGES], depth - slice * ROW_OF_SLICE<T>, products);
    }
    __syncthreads(); // nobody reads the last slices any more
}

// The tile, for kernels that do not care who multiplies: `wgmma::Tile` has the same.
struct Tile {
    static constexpr u32 ROWS = MMA_TILE, COLUMNS = MMA_TILE, BLOCKS = COLUMN_BLOCKS;

    // Calls `body(fragment, row, column)` for what this thread has, `row` and `column` those of the fragment's first product.
    template <class S, class Body>
    DEVICE static void each_fragment(const Sums<S>& products, Body body) {
#pragma unroll
        for (u32 i = 0; i < ROW_BLOCKS; i++) body(products[i], first_row_of_thread() + 16 * i, first_column_of_thread());
    }

    // Calls `body(row, column, product)` for each product that this thread has.
    template <class S, class Body>
    DEVICE static void each_product(const Sums<S>& products, Body body) {
        each_fragment(products, [&](auto& fragment, u32 row, u32 column) { each_of_fragment(fragment, row, column, body); });
    }
};

} // namespace mma
