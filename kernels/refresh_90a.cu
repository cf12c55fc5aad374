// Refresh on GPUs of compute capability 9.0: as refresh.cu, with the instructions that no other has. Compiled for 90a alone.
//
// A tile is 128 rows x 256 centers. Of three warpgroups one thread of the first copies slices of 64 values of both operands into a
// ring of four stages, whole boxes at a time; the others multiply, 64 rows each, and search their products while slices of
// the next tile arrive. A stage is `full` once its bytes are there, and `empty` once all eight warps that read it are done with it.
#include "ptx_90a.cuh"
#include "search.cuh"

constexpr u32 STAGES = 4;
constexpr u32 SLICE = 64;  // values a row of a box: 128 bytes
constexpr u32 GROUP = 128; // threads a warpgroup
constexpr u32 GROUP_ROWS = 64;
constexpr u32 ROWS = 2 * GROUP_ROWS, COLUMNS = 256;
constexpr u32 COLUMN_BLOCKS = COLUMNS / 8;
constexpr u32 WARPS_READING = 2 * GROUP / WARP;
constexpr u32 STEP = 16; // values that one instruction multiplies along

struct RefreshBoxes {
    RefreshArguments refresh;
    TensorMap packed; // frontier.packed, boxes of 128 rows
    TensorMap window; // boxes of 256 rows
};
static_assert(sizeof(RefreshBoxes) == 448);

struct Stage {
    F16 rows[ROWS * SLICE];
    F16 columns[COLUMNS * SLICE];
};

struct Ring {
    Stage stages[STAGES];
    Barrier full[STAGES], empty[STAGES];
};
constexpr u32 RING_BYTES = 196672; // as the launch asks for
static_assert(RING_BYTES == sizeof(Ring), "src/backend/cuda/kernels/mod.rs");

// Where a thread is in the ring: both sides count slices alike.
struct Turn {
    u32 slice = 0;

    DEVICE u32 stage() const { return slice % STAGES; }
    DEVICE u32 round() const { return slice / STAGES; }
};

// By one thread: every slice of every tile.
DEVICE void produce(const RefreshBoxes& a, Ring* ring) {
    Turn turn;
    each_tile<ROWS, COLUMNS>(a.refresh, [&](u32 slot, u32 place) {
        for (u32 k = 0; k < a.refresh.depth; k += SLICE, turn.slice++) {
            Stage& stage = ring->stages[turn.stage()];
            Barrier* full = &ring->full[turn.stage()];
            if (turn.round() > 0) barrier_wait(&ring->empty[turn.stage()], (turn.round() - 1) % 2);
            barrier_arrive_expecting(full, sizeof(Stage));
            copy_box(stage.rows, &a.packed, full, k, slot);
            copy_box(stage.columns, &a.window, full, k, place);
        }
    });
}

// One slice's part of a warpgroup's products.
DEVICE void multiply_slice(const Stage& stage, u32 group, bool is_first, float (&products)[COLUMN_BLOCKS][4]) {
    u64 rows = matrix_descriptor(stage.rows + group * GROUP_ROWS * SLICE), columns = matrix_descriptor(stage.columns);
    wgmma_begin();
#pragma unroll
    for (u32 k = 0; k < SLICE; k += STEP)
        multiply_64x256x16(products, rows + k * sizeof(F16) / 16, columns + k * sizeof(F16) / 16, !is_first || k > 0);
    wgmma_commit();
    wgmma_wait<0>();
}

// By warpgroup `group` of two: its rows' products, tile after tile, and what they say.
DEVICE void consume(const RefreshArguments& a, Ring* ring, u32 group) {
    u32 warp = threadIdx.x / WARP % (GROUP / WARP), lane = threadIdx.x % WARP;
    Turn turn;
    each_tile<ROWS, COLUMNS>(a, [&](u32 first_slot, u32 first_place) {
        u32 slot = first_slot + group * GROUP_ROWS + 16 * warp + lane / QUAD;
        u32 center = a.window_first + first_place + lane % QUAD * 2;
        const Peak* peaks = a.peaks + first_place / PEAK_CENTERS;
        Peak peak = larger(peaks[0], peaks[1]);
        float thresholds[2] = {threshold_of(a, slot, peak), threshold_of(a, slot + 8, peak)};
        float products[COLUMN_BLOCKS][4];
        for (u32 k = 0; k < a.depth; k += SLICE, turn.slice++) {
            barrier_wait(&ring->full[turn.stage()], turn.round() % 2);
            multiply_slice(ring->stages[turn.stage()], group, k == 0, products);
            if (lane == 0) barrier_arrive(&ring->empty[turn.stage()]);
        }
        // Lane 0 has the warp's first row.
        if (__shfl_sync(FULL_WARP, slot, 0) < a.round->count)
            Fragment<COLUMN_BLOCKS>{a, products, slot, center, peak}.search(thresholds);
        if (threadIdx.x == GROUP) count_tile<ROWS, COLUMNS>(a, first_slot, first_place);
    });
}

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

KERNEL(refresh_wgmma, RefreshBoxes, 384, 1) {
    DYNAMIC_SHARED(Ring, ring);
    if (a.refresh.round->ceiling == 0) return;
    begin_ring(ring);
    if (threadIdx.x < GROUP) {
        registers_give<24>();
        if (threadIdx.x == 0) produce(a, ring);
    } else {
        registers_take<240>();
        consume(a.refresh, ring, threadIdx.x / GROUP - 1);
    }
}
