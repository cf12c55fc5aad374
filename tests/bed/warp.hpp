// Operations in which the lanes named by a mask take part together.
#pragma once
#include <string.h>

#include "built_in.hpp"

namespace bed {

template <class T> inline u64 packed(T value) {
  static_assert(sizeof(T) <= 8, "a shuffle moves 4 or 8 bytes");
  u64 bits = 0;
  memcpy(&bits, &value, sizeof value);
  return bits;
}

// The value of lane `from`; of a lane outside the mask, bits that spoil whatever is made of them.
template <class T> inline T taken(const u64* values, unsigned mask, unsigned from) {
  const u64 bits = mask >> from & 1 ? values[from] : ~0ull;
  T value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

inline unsigned lane() { return machine->current->lane; }

template <class Fold> inline unsigned folded(Site site, unsigned mask, unsigned value, Fold fold) {
  const u64* values = machine->meet_warp(site, mask, value);
  unsigned result = value;
  for (unsigned rest = mask; rest; rest &= rest - 1) result = fold(result, unsigned(values[__builtin_ctz(rest)]));
  return result;
}

}  // namespace bed

inline void __syncwarp(unsigned mask = 0xffffffffu, BED_HERE) {
  bed::machine->meet_warp({"__syncwarp", file, line}, mask, 0);
}

template <class T> inline T __shfl_sync(unsigned mask, T value, int from, int width = 32, BED_HERE) {
  const unsigned first = bed::lane() & ~unsigned(width - 1);
  const bed::u64* values = bed::machine->meet_warp({"__shfl_sync", file, line}, mask, bed::packed(value));
  return bed::taken<T>(values, mask, first | (unsigned(from) & unsigned(width - 1)));
}

template <class T> inline T __shfl_xor_sync(unsigned mask, T value, int with, int width = 32, BED_HERE) {
  const unsigned last = bed::lane() | unsigned(width - 1), from = bed::lane() ^ unsigned(with);
  const bed::u64* values = bed::machine->meet_warp({"__shfl_xor_sync", file, line}, mask, bed::packed(value));
  return from <= last ? bed::taken<T>(values, mask, from) : value;
}

template <class T> inline T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, BED_HERE) {
  const unsigned last = bed::lane() | unsigned(width - 1), from = bed::lane() + by;
  const bed::u64* values = bed::machine->meet_warp({"__shfl_down_sync", file, line}, mask, bed::packed(value));
  return from <= last ? bed::taken<T>(values, mask, from) : value;
}

template <class T> inline T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, BED_HERE) {
  const unsigned first = bed::lane() & ~unsigned(width - 1), lane = bed::lane();
  const bed::u64* values = bed::machine->meet_warp({"__shfl_up_sync", file, line}, mask, bed::packed(value));
  return lane >= first + by ? bed::taken<T>(values, mask, lane - by) : value;
}

inline unsigned __ballot_sync(unsigned mask, int vote, BED_HERE) {
  const bed::u64* values = bed::machine->meet_warp({"__ballot_sync", file, line}, mask, vote != 0);
  unsigned votes = 0;
  for (unsigned rest = mask; rest; rest &= rest - 1) votes |= unsigned(values[__builtin_ctz(rest)]) << __builtin_ctz(rest);
  return votes;
}
inline int __any_sync(unsigned mask, int vote, BED_HERE) { return __ballot_sync(mask, vote, file, line) != 0; }
inline int __all_sync(unsigned mask, int vote, BED_HERE) { return __ballot_sync(mask, vote, file, line) == mask; }

inline unsigned __reduce_max_sync(unsigned mask, unsigned value, BED_HERE) {
  return bed::folded({"__reduce_max_sync", file, line}, mask, value, [](unsigned a, unsigned b) { return a < b ? b : a; });
}
inline unsigned __reduce_min_sync(unsigned mask, unsigned value, BED_HERE) {
  return bed::folded({"__reduce_min_sync", file, line}, mask, value, [](unsigned a, unsigned b) { return b < a ? b : a; });
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value, BED_HERE) {
  return bed::folded({"__reduce_or_sync", file, line}, mask, value, [](unsigned a, unsigned b) { return a | b; });
}
inline unsigned __reduce_add_sync(unsigned mask, unsigned value, BED_HERE) {
  const bed::u64* values = bed::machine->meet_warp({"__reduce_add_sync", file, line}, mask, value);
  unsigned sum = 0;
  for (unsigned rest = mask; rest; rest &= rest - 1) sum += unsigned(values[__builtin_ctz(rest)]);
  return sum;
}
inline unsigned __activemask() { return 1u << bed::lane(); }
