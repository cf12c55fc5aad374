// A tile of products by the instructions of compute capability 9.0: 128 rows x 256 columns of two dense row-major operands in half
// precision, by three warpgroups.
//
// One thread of the first copies slices of 64 values of both operands into a ring of four stages, whole boxes at a
// time; the other two multiply, 64 rows each. A stage is `full` when its bytes are there, and `empty` when all eight
// warps that read it are done with it. Products lie as `multiply_64x256x16` leaves them.
#pragma once
#include "fragment.cuh"
#include "limits.cuh"
#include "ptx_90a.cuh"

namespace wgmma {

constexpr u32 STAGES = 4;
constexpr u32 GROUP = 128; // threads a warpgroup
constexpr u32 GROUP_ROWS = 64;
constexpr u32 COLUMN_BLOCKS = BOX_CENTERS / 8;
constexpr u32 WARPS_READING = 2 * GROUP / WARP;
constexpr u32 STEP = 16; // values that one instruction multiplies along
constexpr u32 PRODUCER_REGISTERS = 24, CONSUMER_REGISTERS = 240;

typedef float Products[COLUMN_BLOCKS][4];

struct Stage {
    F16 rows[BOX_ROWS * BOX_DEPTH];
    F16 columns[BOX_CENTERS * BOX_DEPTH];
};

struct Ring {
    Stage stages[STAGES];
    Barrier full[STAGES], empty[STAGES];
};
static_assert(RING_BYTES == sizeof(Ring));
static_assert(WGMMA_THREADS == 3 * GROUP && BOX_ROWS == 2 * GROUP_ROWS && BOX_DEPTH * sizeof(F16) == 128);

// Where a thread is in the ring: both sides count slices alike.
struct Turn {
    u32 slice = 0;

    DEVICE u32 stage() const { return slice % STAGES; }
    DEVICE u32 round() const { return slice / STAGES; }
};

// By every thread of the block, before anything else.
DEVICE void begin_ring(Ring* ring) {
    if (threadIdx.x == 0) {
        for (u32 stage = 0; stage < STAGES; stage++) {
            barrier_init(&ring->full[stage], 1);
            barrier_init(&ring->empty[stage], WARPS_READING);
        }
        barrier_init_visible();
    }
    __syncthreads();
}

// By one thread: the slices of the tile at `row` and `column`.
DEVICE void produce_tile(Ring* ring, Turn& turn, const TensorMap* rows, const TensorMap* columns, u32 row, u32 column,
                         u32 depth) {
    for (u32 k = 0; k < depth; k += BOX_DEPTH, turn.slice++) {
        Stage& stage = ring->stages[turn.stage()];
        Barrier* full = &ring->full[turn.stage()];
        if (turn.round() > 0) barrier_wait(&ring->empty[turn.stage()], (turn.round() - 1) % 2);
        barrier_arrive_expecting(full, sizeof(Stage));
        copy_box(stage.rows, rows, full, k, row);
        copy_box(stage.columns, columns, full, k, column);
    }
}

// One slice's part of a warpgroup's products.
DEVICE void multiply_slice(const Stage& stage, u32 group, bool is_first, Products& products) {
    u64 rows = matrix_descriptor(stage.rows + group * GROUP_ROWS * BOX_DEPTH), columns = matrix_descriptor(stage.columns);
    wgmma_begin();
#pragma unroll
    for (u32 k = 0; k < BOX_DEPTH; k += STEP)
        multiply_64x256x16(products, rows + k * sizeof(F16) / 16, columns + k * sizeof(F16) / 16, !is_first || k > 0);
    wgmma_commit();
    wgmma_wait<0>(products);
}

// By warpgroup `group` of two: its part of the tile's products.
DEVICE void multiply_tile(Ring* ring, Turn& turn, u32 group, u32 depth, Products& products) {
    for (u32 k = 0; k < depth; k += BOX_DEPTH, turn.slice++) {
        barrier_wait(&ring->full[turn.stage()], turn.round() % 2);
        multiply_slice(ring->stages[turn.stage()], group, k == 0, products);
        if (threadIdx.x % WARP == 0) barrier_arrive(&ring->empty[turn.stage()]);
    }
}

// The warpgroup that multiplies which this thread is in; the first one copies.
DEVICE u32 consumer_group() { return threadIdx.x / GROUP - 1; }
DEVICE bool is_producer() { return threadIdx.x < GROUP; }

// The first row and column of the tile of which this thread has products.
DEVICE u32 first_row_of_thread() {
    return consumer_group() * GROUP_ROWS + threadIdx.x % GROUP / WARP * 16 + threadIdx.x % WARP / QUAD;
}
DEVICE u32 first_column_of_thread() { return threadIdx.x % QUAD * 2; }

// The tile, for kernels that do not care who multiplies: `mma::Tile` has the same.
struct Tile {
    static constexpr u32 ROWS = BOX_ROWS, COLUMNS = BOX_CENTERS, BLOCKS = COLUMN_BLOCKS;

    // Calls `body(fragment, row, column)` for what this thread has, `row` and `column` those of the fragment's first product.
    template <class Body>
    DEVICE static void each_fragment(const Products& products, Body body) {
        body(products, first_row_of_thread(), first_column_of_thread());
    }

    // Calls `body(row, column, product)` for each product that this thread has.
    template <class Body>
    DEVICE static void each_product(const Products& products, Body body) {
        each_fragment(products, [&](auto& fragment, u32 row, u32 column) { each_of_fragment(fragment, row, column, body); });
    }
};

} // namespace wgmma
