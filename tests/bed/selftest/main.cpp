// The self-test of the bed: one check by name, or all of them. Says what is wrong and exits with 1.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "int8.cuh"
#include "selftest.cuh"
#include "status.hpp"

using Pointer = u64;
extern "C" {
int cuInit(unsigned);
int cuDevicePrimaryCtxRetain(void**, int);
int cuCtxSetCurrent(void*);
int cuMemAlloc_v2(Pointer*, std::size_t);
int cuMemFree_v2(Pointer);
int cuMemFreeAsync(Pointer, void*);
int cuMemHostAlloc(void**, std::size_t, unsigned);
int cuMemcpyHtoDAsync_v2(Pointer, const void*, std::size_t, void*);
int cuMemcpyDtoHAsync_v2(void*, Pointer, std::size_t, void*);
int cuMemsetD8Async(Pointer, unsigned char, std::size_t, void*);
int cuStreamCreate(void**, unsigned);
int cuStreamSynchronize(void*);
int cuStreamWaitEvent(void*, void*, unsigned);
int cuEventCreate(void**, unsigned);
int cuEventRecord(void*, void*);
int cuModuleLoadData(void**, const void*);
int cuModuleGetFunction(void**, void*, const char*);
int cuFuncSetAttribute(void*, int, int);
int cuLaunchKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
int cuLaunchCooperativeKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**);
int cuTensorMapEncodeTiled(void*, int, unsigned, Pointer, const u64*, const u64*, const unsigned*, const unsigned*, int, int, int, int);
int bed_set_limit(const char*, i64);
}

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "selftest: not so: %s\n", what);
  std::exit(1);
}
#define REQUIRE(condition) require(condition, #condition)

// A device with one stream, as the engine uses it.
struct Device {
  void *stream = nullptr, *module = nullptr;
  mutable std::vector<Pointer> allocations;
  bool allows_more = false;  // dynamic shared memory than there is without asking
  void* context = nullptr;

  explicit Device(int number = 0) {
    REQUIRE(cuInit(0) == 0 && cuDevicePrimaryCtxRetain(&context, number) == 0 && cuCtxSetCurrent(context) == 0);
    REQUIRE(cuStreamCreate(&stream, 1) == 0);
    REQUIRE(cuModuleLoadData(&module, ".version 9.0") == 0);
  }

  Device(const Device&) = delete;
  ~Device() {
    if (cuCtxSetCurrent(context)) return;  // it is lost
    for (Pointer pointer : allocations) cuMemFree_v2(pointer);
  }

  Pointer allocate(std::size_t bytes) const {
    Pointer pointer;
    REQUIRE(cuMemAlloc_v2(&pointer, bytes) == 0);
    allocations.push_back(pointer);
    return pointer;
  }

  template <class T> Pointer put(const std::vector<T>& values) const {
    const Pointer pointer = allocate(values.size() * sizeof(T));
    REQUIRE(cuMemcpyHtoDAsync_v2(pointer, values.data(), values.size() * sizeof(T), stream) == 0);
    return pointer;
  }

  template <class T> std::vector<T> get(Pointer pointer, std::size_t count) const {
    std::vector<T> values(count);
    REQUIRE(cuMemcpyDtoHAsync_v2(values.data(), pointer, count * sizeof(T), stream) == 0);
    return values;
  }

  template <class Arguments>
  int launch(const char* name, Arguments arguments, u32 grid, u32 block, u32 dynamic = 0, bool cooperative = false) const {
    void *function, *parameters[] = {&arguments};
    REQUIRE(cuModuleGetFunction(&function, module, name) == 0);
    constexpr u32 WITHOUT_ASKING = 48 << 10;
    constexpr int MAX_DYNAMIC_SHARED = 8;
    if (allows_more && dynamic > WITHOUT_ASKING) REQUIRE(cuFuncSetAttribute(function, MAX_DYNAMIC_SHARED, int(dynamic)) == 0);
    if (cooperative) return cuLaunchCooperativeKernel(function, grid, 1, 1, block, 1, 1, dynamic, stream, parameters);
    return cuLaunchKernel(function, grid, 1, 1, block, 1, 1, dynamic, stream, parameters, nullptr);
  }
};

SelftestArguments arguments(Pointer in, Pointer out, Pointer counters, u32 n, u32 rounds) {
  return {reinterpret_cast<const float*>(in), reinterpret_cast<float*>(out), reinterpret_cast<u32*>(counters), n, rounds};
}

std::vector<float> counted(u32 n) {
  std::vector<float> values(n);
  for (u32 i = 0; i < n; i++) values[i] = float(i);
  return values;
}

void reverse() {
  const Device device;
  const Pointer in = device.put(counted(256)), out = device.allocate(1024);
  REQUIRE(device.launch("selftest_reverse", arguments(in, out, 0, 256, 3), 1, 256) == 0);
  const auto got = device.get<float>(out, 256);
  for (u32 i = 0; i < 256; i++) REQUIRE(got[i] == float(255 - i) + 3.0f);
}

void sum() {
  const Device device;
  const Pointer in = device.put(counted(4096)), out = device.allocate(64);
  REQUIRE(device.launch("selftest_sum", arguments(in, out, 0, 4096, 1), 16, 256) == 0);
  const auto got = device.get<float>(out, 16);
  for (u32 block = 0; block < 16; block++) REQUIRE(got[block] == float(256 * (256 * block) + 255 * 128));
}

void votes() {
  const Device device;
  std::vector<float> values(256, 1.0f);
  for (u32 i : {3u, 4u, 77u, 255u}) values[i] = -1.0f;
  const Pointer in = device.put(values), counters = device.put(std::vector<u32>{0, 0});
  REQUIRE(device.launch("selftest_votes", arguments(in, 0, counters, 256, 1), 1, 256) == 0);
  REQUIRE((device.get<u32>(counters, 2) == std::vector<u32>{4, 3}));
}

void stream() {
  const Device device;
  const u32 rounds = 8;
  const Pointer in = device.put(counted(256 * rounds)), out = device.allocate(1024);
  REQUIRE(device.launch("selftest_stream", arguments(in, out, 0, 256, rounds), 1, 64) == 0);
  const auto got = device.get<float>(out, 256);
  for (u32 i = 0; i < 256; i++) REQUIRE(got[i] == float(rounds * i + 256 * rounds * (rounds - 1) / 2));
}

void ring() {
  const Device device;
  const u32 start = 0xfffffff0u;  // the counter wraps on the way
  const Pointer out = device.put(counted(8)), counters = device.put(std::vector<u32>{start, start});
  REQUIRE(device.launch("selftest_ring", arguments(0, out, counters, 8, 5), 8, 64, 0, true) == 0);
  const auto got = device.get<float>(out, 8);
  for (u32 block = 0; block < 8; block++) REQUIRE(got[block] == float((block + 5) % 8) + 5.0f);
}

void atomics() {
  const Device device;
  const Pointer out = device.put(std::vector<float>{0}), counters = device.put(std::vector<u32>{0, 0});
  REQUIRE(device.launch("selftest_atomics", arguments(0, out, counters, 5000, 1), 20, 256) == 0);
  REQUIRE((device.get<u32>(counters, 2) == std::vector<u32>{5000, 4999}));
  REQUIRE(device.get<float>(out, 1)[0] == 2500.0f);
}

void copy() {
  const Device device;
  const Pointer in = device.put(counted(1024)), out = device.allocate(4096);
  REQUIRE(device.launch("selftest_copy", arguments(in, out, 0, 1024, 1), 1, 256, 4096) == 0);
  REQUIRE(device.get<float>(out, 1024) == counted(1024));
}

double value_of(u16 half) {
  const int exponent = half >> 10 & 31, digits = half & 1023;
  const double size = exponent == 31 ? NAN : exponent ? std::ldexp(1024 + digits, exponent - 25) : std::ldexp(digits, -24);
  return half >> 15 ? -size : size;
}

u16 nearest_half(float x) {
  u16 best = 0;
  for (u32 size = 0; size < 0x7c00; size++) {
    const double distance = std::fabs(value_of(u16(size)) - std::fabs(x)), least = std::fabs(value_of(best) - std::fabs(x));
    if (distance < least || (distance == least && size % 2 == 0)) best = u16(size);
  }
  return std::signbit(x) ? best | 0x8000 : best;
}

// Every half, and what lies between two of them: close to either, and in the middle.
void halves() {
  const Device device;
  std::vector<float> values;
  std::vector<u16> expected;
  for (u32 half = 0; half < 0x7bff; half++)
    for (double part : {0.0, 0.499, 0.5, 0.501}) {
      const double below = value_of(u16(half)), above = value_of(u16(half + 1));
      const bool up = part > 0.5 || (part == 0.5 && half % 2);
      for (u16 sign : {0, 0x8000}) {
        values.push_back(float((below + part * (above - below)) * (sign ? -1 : 1)));
        expected.push_back(u16((half + up) | sign));
      }
    }
  for (u32 i : {0u, 3u, 6u, 777u, 9999u}) REQUIRE(expected[i] == nearest_half(values[i]));
  const u32 count = u32(values.size());
  const Pointer in = device.put(values), out = device.allocate(2 * count);
  REQUIRE(device.launch("selftest_halves", arguments(in, out, 0, count, 1), (count + 255) / 256, 256) == 0);
  REQUIRE(device.get<u16>(out, count) == expected);
}

// The sum as tensor.hpp says it, for one output.
float careless_sum(float sum, const std::vector<std::pair<double, double>>& factors) {
  std::vector<double> addends{sum};
  double largest = std::fabs(sum), total = 0;
  const auto seen = [](double factor) { return std::fmax(std::fabs(factor), 0x1p-14); };
  for (const auto& [one, other] : factors) {
    addends.push_back(one * other);
    largest = std::fmax(largest, seen(one) * seen(other));
  }
  for (double addend : addends)
    if (!std::isfinite(addend)) return NAN;
  const int exponent = std::ilogb(largest);
  for (double addend : addends) total += std::trunc(std::ldexp(addend, 23 - exponent));
  const int excess = total == 0 ? 0 : std::max(std::ilogb(total) - 23, 0);
  return float(std::ldexp(std::trunc(std::ldexp(total, -excess)), exponent - 23 + excess));
}

// One product of 16 x 16 and 8 x 16 halves: any, of one size, tiny, with one that is large, such that they cancel, not finite.
struct Case {
  u16 rows[16][16], columns[8][16];
  float sums[16][8];
};

Case drawn(std::mt19937& random, u32 kind) {
  Case c;
  const u32 ranges[][2] = {{0, 0x7c00}, {0x3c00, 0x4000}, {0, 0x400}, {0, 1}, {0x3bff, 0x3c02}, {0x7000, 0x7c00}};
  const auto half = [&] {
    const auto [from, end] = ranges[kind % 6];
    return u16(from + random() % (end - from) + (random() % 2 << 15));
  };
  for (auto& row : c.rows) for (u16& value : row) value = half();
  for (auto& column : c.columns) for (u16& value : column) value = half();
  for (auto& row : c.sums)
    for (float& sum : row) sum = std::ldexp(float(random() % (1 << 24)) * (random() % 2 ? 1.0f : -1.0f), int(random() % 90) - 65);
  if (kind >= 6 && kind < 12)
    for (auto& row : c.rows)
      for (u32 k = 0; k < 8; k++) row[15 - k] = row[k] ^ 0x8000;
  if (kind >= 6 && kind < 12)
    for (auto& column : c.columns)
      for (u32 k = 0; k < 8; k++) column[15 - k] = u16(column[k] ^ (random() % 4 == 0));
  if (kind >= 12 && kind < 18)
    for (auto& row : c.sums) for (float& sum : row) sum = random() % 2 ? 0.0f : -0.0f;
  if (kind >= 18) {
    c.rows[random() % 16][random() % 16] = 0x7c00;
    c.columns[random() % 8][random() % 16] = 0xffff;
    c.sums[random() % 16][random() % 8] = INFINITY;
    c.sums[random() % 16][random() % 8] = 0x1p-149f;
  }
  return c;
}

void multiply() {
  const Device device;
  std::mt19937 random(1);
  std::vector<Case> cases;
  for (u32 i = 0; i < 2400; i++) cases.push_back(drawn(random, i % 24));
  const u32 count = u32(cases.size());
  const Pointer in = device.put(cases), out = device.allocate(count * 512);
  REQUIRE(device.launch("selftest_multiply", arguments(in, out, 0, 0, 1), count, 32) == 0);
  const auto got = device.get<float>(out, count * 128);
  for (u32 i = 0; i < count; i++)
    for (u32 row = 0; row < 16; row++)
      for (u32 column = 0; column < 8; column++) {
        const Case& c = cases[i];
        std::vector<std::pair<double, double>> factors;
        for (u32 k = 0; k < 16; k++) factors.emplace_back(value_of(c.rows[row][k]), value_of(c.columns[column][k]));
        const float expected = careless_sum(c.sums[row][column], factors), sum = got[i * 128 + row * 8 + column];
        REQUIRE(sum == expected || (sum != sum && expected != expected));
      }
}

// Of 16 x 32 and 8 x 32 int8 values; sums wrap.
struct Int8Case {
  std::int8_t rows[16][32], columns[8][32];
  u32 sums[16][8];
};

void multiply_int8() {
  const Device device;
  std::mt19937 random(1);
  std::vector<Int8Case> cases(100);
  for (Int8Case& c : cases) {
    u32* words = reinterpret_cast<u32*>(&c);
    for (u32 i = 0; i < sizeof c / 4; i++) words[i] = random();
  }
  std::memset(&cases[0].rows, -128, sizeof cases[0].rows + sizeof cases[0].columns);
  const u32 count = u32(cases.size());
  const Pointer in = device.put(cases), out = device.allocate(count * 512);
  REQUIRE(device.launch("selftest_multiply_int8", arguments(in, out, 0, 0, 1), count, 32) == 0);
  const auto got = device.get<u32>(out, count * 128);
  for (u32 i = 0; i < count; i++)
    for (u32 row = 0; row < 16; row++)
      for (u32 column = 0; column < 8; column++) {
        u32 sum = cases[i].sums[row][column];
        for (u32 k = 0; k < 32; k++) sum += u32(int(cases[i].rows[row][k]) * cases[i].columns[column][k]);
        REQUIRE(got[i * 128 + row * 8 + column] == sum);
      }
}

// What kernels/quantize.cu is given.
struct QuantizeRows {
  Pointer mean;
  double scale;
  u32 d, depth;
  Pointer rows, norms;
  Int8Copy copy;
  u64 first, count;
};

// Pairs of rows, one after another: of many sizes, and far from each other, near, nearly equal, or equal.
template <class T> struct Pairs {
  u32 d;
  std::vector<T> rows, mean;

  Pairs(std::mt19937& random, u32 d, u32 count, int common, u32 spread) : d(d) {
    const auto value = [&] {
      const double mantissa = 2.0 * random() / 4294967296.0 - 1.0;
      return T(std::ldexp(mantissa, std::max(common - int(random() % (spread + 1)), sizeof(T) == 4 ? -149 : -1000)));
    };
    for (u32 j = 0; j < d; j++) mean.push_back(random() % 2 ? value() : T(0));
    for (u32 pair = 0; pair < count; pair++) {
      const double nearness = std::vector<double>{1, 1e-3, 1e-6, 0}[pair % 4];
      for (u32 j = 0; j < d; j++) rows.push_back(value());
      for (u32 j = 0; j < d; j++) rows.push_back(pair % 4 == 0 ? value() : T(double(rows[2 * pair * d + j]) + value() * nearness));
    }
  }

  double distance(const T* x, const T* c) const {
    long double sum = 0;
    for (u32 j = 0; j < d; j++) sum += (static_cast<long double>(x[j]) - c[j]) * (static_cast<long double>(x[j]) - c[j]);
    return double(std::sqrt(sum));
  }
};

// Of these pairs, how many intervals miss the distance, or tests the center. `misjudged`: how far the quantizer's scale is off.
template <class T> u32 missed(const Pairs<T>& pairs, const char* kernel, double misjudged, double width) {
  const Device device;
  const u32 d = pairs.d, depth = (d + 31) / 32 * 32, count = u32(pairs.rows.size() / d);
  double reach = 0;
  for (u32 row = 0; row < count; row++) reach = std::fmax(reach, pairs.distance(&pairs.rows[row * d], pairs.mean.data()));
  const double scale = reach == 0 ? 1 : std::ldexp(1.0, std::min(-std::ilogb(reach * (1 + 1e-6)) - 1, 200));
  const double quantized = std::fmin(std::fmax(scale * misjudged, 0x1p-100), 0x1p100), rescale = scale / quantized;
  const Pointer values = device.allocate(count * depth), numbers = device.allocate(count * sizeof(Int8Numbers));
  const Int8Copy copy{reinterpret_cast<u8*>(values), reinterpret_cast<Int8Numbers*>(numbers), 1.0, depth};
  const Pointer mean = device.put(pairs.mean), rows = device.put(pairs.rows);
  REQUIRE(device.launch(kernel, QuantizeRows{mean, quantized, d, depth, rows, 0, copy, 0, count}, 3, 256) == 0);
  const auto q = device.get<std::int8_t>(values, count * depth);
  const auto known = device.get<Int8Numbers>(numbers, count);
  const Interval interval = {scale, 1 / scale, 0x1p-20 * width, SLACK * width, (4.0 * d + 64) * 0x1p-126, (d / 32.0 + 16) * 0x1p-53, width};
  u32 misses = 0;
  for (u32 row = 0; row < count; row += 2) {
    int product = 0, square = 0;
    for (u32 j = 0; j < depth; j++) product += q[row * depth + j] * q[(row + 1) * depth + j];
    for (u32 j = 0; j < depth; j++) square += q[row * depth + j] * q[row * depth + j];
    REQUIRE(u32(square) == known[row].square);
    const Operand x = int8_operand(interval, known[row], rescale), c = int8_operand(interval, known[row + 1], rescale);
    const float scaled = int8_product(product, int8_step(known[row], rescale), int8_step(known[row + 1], rescale));
    const double distance = pairs.distance(&pairs.rows[row * d], &pairs.rows[(row + 1) * d]);
    const Ends reached = ends(interval, x, c, scaled);
    const Test test = test_within(interval, x, distance);
    const bool admitted = !(left_side(test, terms_of(interval, c), scaled) > test.threshold);
    misses += !(reached.lower <= distance && distance <= reached.upper && admitted);
  }
  return misses;
}

template <class T> u32 missed_of_all(const char* kernel, double width) {
  std::mt19937 random(7);
  u32 misses = 0;
  for (u32 d : {1u, 33u, 70u, 128u})
    for (int common : {-60, 0, 60})
      for (u32 spread : {0u, 4u, 40u, 120u})
        for (double misjudged : {1.0, 0x1p-20, 0x1p20}) misses += missed(Pairs<T>(random, d, 24, common, spread), kernel, misjudged, width);
  return misses;
}

// The promise of int8 values: the interval holds the distance, and the test admits a center within the limit, for rows of any size. Without
// width it would not.
void int8_contains() {
  for (double width : {1.0, 100.0}) {
    REQUIRE(missed_of_all<float>("quantize_rows_f32", width) == 0);
    REQUIRE(missed_of_all<double>("quantize_rows_f64", width) == 0);
  }
  REQUIRE(missed_of_all<float>("quantize_rows_f32", 0.0) > 500);
  REQUIRE(missed_of_all<double>("quantize_rows_f64", 0.0) > 500);
}

void products() {
  const Device device;
  const u32 depth = 160;
  std::vector<float> values(32 * depth);
  for (u32 i = 0; i < values.size(); i++) values[i] = float(i * i % 31) - 15.0f;
  const Pointer in = device.put(values), halves = device.allocate(2 * values.size()), out = device.allocate(4096);
  REQUIRE(device.launch("selftest_halves", arguments(in, halves, 0, 32 * depth, 1), depth / 8, 256) == 0);
  REQUIRE(device.launch("selftest_products", arguments(halves, out, 0, depth, 1), 1, 64) == 0);
  const auto got = device.get<float>(out, 1024);
  for (u32 i = 0; i < 32; i++)
    for (u32 j = 0; j < 32; j++) {
      float sum = 0;
      for (u32 k = 0; k < depth; k++) sum += values[i * depth + k] * values[j * depth + k];
      REQUIRE(got[i * 32 + j] == sum);
    }
}

// The arguments of cuTensorMapEncodeTiled for rows of halves, and what may be wrong with one of them.
struct Tiling {
  Pointer address;
  u64 sizes[2], row_bytes;
  unsigned box[2] = {64, 64}, steps[2] = {1, 1};

  int encode(TensorMap* map) const {
    constexpr int FLOAT16 = 6, SWIZZLE_128 = 3, PROMOTION_256 = 3;
    return cuTensorMapEncodeTiled(map, FLOAT16, 2, address, sizes, &row_bytes, box, steps, 0, SWIZZLE_128, PROMOTION_256, 0);
  }
};

TensorMap map_of(Pointer halves, u32 rows, u32 depth, u32 box_rows) {
  TensorMap map;
  const Tiling tiling{halves, {depth, rows}, 2 * depth, {64, box_rows}};
  REQUIRE(tiling.encode(&map) == 0);
  return map;
}

// 0 to 6, in no short period.
std::vector<u16> small_halves(u32 count, u32 from) {
  const u16 values[] = {0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600};
  std::vector<u16> halves(count);
  for (u32 i = 0; i < count; i++) halves[i] = values[(u64(i) * i + i / 77 + from) % 7];
  return halves;
}

std::vector<float> values_of(const std::vector<u16>& halves) {
  std::vector<float> values;
  for (u16 half : halves) values.push_back(float(value_of(half)));
  return values;
}

// Neither the rows nor the columns nor the depth fill their last tiles.
void pipeline(const char* kernel) {
  Device device;
  device.allows_more = true;
  const u32 n = 200, m = 300, depth = 360;
  const auto rows = small_halves(n * depth, 1), columns = small_halves(m * depth, 5);
  const Pointer out = device.allocate(4 * n * m);
  const SelftestPipelineArguments a{map_of(device.put(rows), n, depth, 128), map_of(device.put(columns), m, depth, 256),
                                    reinterpret_cast<float*>(out), n, m, depth};
  REQUIRE(device.launch(kernel, a, 2, 384, 4 * (128 + 256) * 128 + 512) == 0);
  const auto got = device.get<float>(out, n * m), of_rows = values_of(rows), of_columns = values_of(columns);
  for (u32 row = 0; row < n; row++)
    for (u32 column = 0; column < m; column++) {
      float sum = 0;
      for (u32 k = 0; k < depth; k++) sum += of_rows[row * depth + k] * of_columns[column * depth + k];
      REQUIRE(got[row * m + column] == sum);
    }
}

void pipeline() { pipeline("selftest_pipeline"); }
void overlap() { pipeline("selftest_overlap"); }

void maps() {
  const Device device;
  alignas(64) u8 memory[192];
  TensorMap* const map = reinterpret_cast<TensorMap*>(memory);
  const Tiling good{device.allocate(1 << 16), {72, 100}, 144};
  REQUIRE(good.encode(map) == 0);
  REQUIRE(good.encode(reinterpret_cast<TensorMap*>(memory + 16)) == bed::INVALID_VALUE);
  const auto refused = [&](auto change) {
    Tiling bad = good;
    change(bad);
    REQUIRE(bad.encode(map) == bed::INVALID_VALUE);
  };
  refused([](Tiling& t) { t.address += 8; });
  refused([](Tiling& t) { t.sizes[1] = 0; });
  refused([](Tiling& t) { t.sizes[1] = (1ull << 32) + 1; });
  refused([](Tiling& t) { t.row_bytes = 152; });
  refused([](Tiling& t) { t.row_bytes = 128; });
  refused([](Tiling& t) { t.box[0] = 72; });
  refused([](Tiling& t) { t.box[1] = 257; });
  refused([](Tiling& t) { t.box[1] = 0; });
  refused([](Tiling& t) { t.steps[1] = 0; });
  bed_set_limit("capability", 89);
  REQUIRE(good.encode(map) == bed::NOT_SUPPORTED);
  bed_set_limit("capability", 90);
}

// A result in pinned memory is there after the synchronization and not before.
void deferred() {
  const Device device;
  void* memory;
  REQUIRE(cuMemHostAlloc(&memory, 4, 0) == 0);
  volatile float* result = static_cast<float*>(memory);
  *result = -1.0f;
  REQUIRE(cuMemcpyDtoHAsync_v2(memory, device.put(std::vector<float>{7}), 4, device.stream) == 0);
  REQUIRE(*result == -1.0f);
  REQUIRE(cuStreamSynchronize(device.stream) == 0);
  REQUIRE(*result == 7.0f);
}

// Two streams are ordered by the event between them, and by nothing else.
void events() {
  const Device device;
  void *other, *event;
  REQUIRE(cuStreamCreate(&other, 1) == 0 && cuEventCreate(&event, 0) == 0);
  const Pointer word = device.allocate(4);
  u32 before = 0, after = 0;
  REQUIRE(cuMemsetD8Async(word, 1, 4, device.stream) == 0 && cuEventRecord(event, device.stream) == 0);
  REQUIRE(cuMemcpyDtoHAsync_v2(&before, word, 4, other) == 0);
  REQUIRE(cuStreamWaitEvent(other, event, 0) == 0 && cuMemcpyDtoHAsync_v2(&after, word, 4, other) == 0);
  REQUIRE(before == 0xffffffffu && after == 0x01010101u);
}

// What a driver refuses is refused.
void refusals() {
  const Device device;
  const Pointer out = device.allocate(16);
  const SelftestArguments a = arguments(out, out, out, 4, 1);
  REQUIRE(device.launch("selftest_reverse", a, 1, 257) == bed::INVALID_VALUE);
  REQUIRE(device.launch("selftest_copy", a, 1, 256, 49 << 10) == bed::INVALID_VALUE);
  REQUIRE(device.launch("selftest_ring", a, 9, 64, 0, true) == bed::COOPERATIVE_LAUNCH_TOO_LARGE);
  void* function;
  REQUIRE(cuModuleGetFunction(&function, device.module, "absent") == bed::NOT_FOUND);
  REQUIRE(cuModuleGetFunction(&function, device.module, "selftest_copy") == 0);
  REQUIRE(cuFuncSetAttribute(function, 8, 228 << 10) == bed::INVALID_VALUE);
  REQUIRE(cuMemsetD8Async(out, 0, 17, device.stream) == bed::INVALID_VALUE);
}

// The last: its device is lost.
void faults() {
  const Device device;
  Pointer pointer;
  bed_set_limit("fail_allocation", 2);
  REQUIRE(cuMemAlloc_v2(&pointer, 16) == 0 && cuMemAlloc_v2(&pointer, 16) == bed::OUT_OF_MEMORY);
  bed_set_limit("memory", 1 << 20);
  REQUIRE(cuMemAlloc_v2(&pointer, 1 << 20) == bed::OUT_OF_MEMORY && cuMemAlloc_v2(&pointer, 1 << 19) == 0);
  bed_set_limit("lose_after", 2);
  const SelftestArguments a = arguments(0, 0, pointer, 1, 1);
  REQUIRE(device.launch("selftest_nothing", a, 1, 32) == 0 && cuStreamSynchronize(device.stream) == 0);
  REQUIRE(device.launch("selftest_nothing", a, 1, 32) == 0 && cuStreamSynchronize(device.stream) == bed::ILLEGAL_ADDRESS);
  REQUIRE(cuMemAlloc_v2(&pointer, 16) == bed::ILLEGAL_ADDRESS);
}

// Devices are apart: memory, streams, functions and events of one are nothing to the other, and one is lost without the other.
void devices() {
  bed_set_limit("devices", 2);
  const Device first, second(1);
  const Pointer there = second.allocate(16);
  const SelftestArguments a = arguments(0, 0, there, 1, 1);
  REQUIRE(cuCtxSetCurrent(first.context) == 0);
  void *event, *function, *none[] = {nullptr};
  REQUIRE(cuEventCreate(&event, 0) == 0 && cuEventRecord(event, second.stream) == bed::INVALID_HANDLE);
  REQUIRE(cuMemsetD8Async(there, 0, 16, first.stream) == bed::INVALID_VALUE);
  REQUIRE(cuMemsetD8Async(there, 0, 16, second.stream) == bed::INVALID_CONTEXT);
  REQUIRE(cuModuleGetFunction(&function, first.module, "selftest_nothing") == 0);
  none[0] = const_cast<SelftestArguments*>(&a);
  REQUIRE(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, second.stream, none, nullptr) == bed::INVALID_HANDLE);
  bed_set_limit("lose_device", 1);
  bed_set_limit("lose_after", 1);
  REQUIRE(cuCtxSetCurrent(first.context) == 0);
  const SelftestArguments own = arguments(0, 0, first.allocate(16), 1, 1);
  REQUIRE(first.launch("selftest_nothing", own, 1, 32) == 0 && cuStreamSynchronize(first.stream) == 0);
  REQUIRE(cuCtxSetCurrent(second.context) == 0);
  REQUIRE(second.launch("selftest_nothing", a, 1, 32) == 0 && cuStreamSynchronize(second.stream) == bed::ILLEGAL_ADDRESS);
  REQUIRE(cuCtxSetCurrent(first.context) == bed::SUCCESS);
  REQUIRE(cuMemsetD8Async(first.allocate(16), 0, 16, first.stream) == 0 && cuStreamSynchronize(first.stream) == 0);
  bed_set_limit("lose_device", -1);
}

// These end the process.
void others_memory() {
  bed_set_limit("devices", 2);
  const Device second(1);
  const Pointer there = second.allocate(16);
  const Device first;
  first.launch("selftest_nothing", arguments(0, 0, there, 1, 1), 1, 32);
}
void freed_twice() {
  const Device device;
  const Pointer pointer = device.allocate(16);
  cuMemFree_v2(pointer);
  cuMemFree_v2(pointer);
}
void written_outside() {
  const Device device;
  const Pointer in = device.put(counted(1024)), out = device.allocate(4000);
  REQUIRE(device.launch("selftest_copy", arguments(in, out, 0, 1024, 1), 1, 256, 4096) == 0);
  cuMemFree_v2(out);
}

struct Check {
  const char* name;
  void (*run)();
  bool ends_process;
};

const Check CHECKS[] = {
    {"reverse", reverse, false}, {"sum", sum, false}, {"votes", votes, false}, {"stream", stream, false},
    {"ring", ring, false}, {"atomics", atomics, false}, {"copy", copy, false}, {"halves", halves, false},
    {"multiply", multiply, false}, {"multiply_int8", multiply_int8, false}, {"int8_contains", int8_contains, false}, {"products", products, false},
    {"pipeline", pipeline, false}, {"overlap", overlap, false}, {"maps", maps, false}, {"deferred", deferred, false},
    {"events", events, false}, {"refusals", refusals, false}, {"devices", devices, false}, {"faults", faults, false},
    {"freed_twice", freed_twice, true}, {"written_outside", written_outside, true}, {"others_memory", others_memory, true},
};

}  // namespace

int main(int count, char** words) {
  for (const Check& check : CHECKS)
    if (count < 2 ? !check.ends_process : !std::strcmp(words[1], check.name)) check.run();
}
