// Memory between pages that nothing may touch: what does is named, and ends the process.
#pragma once
#include <cstddef>

#include "machine.hpp"

namespace bed {

// From now on, a kernel that touches memory which is not there is named. The address sanitizer sees to that itself.
void catch_faults();
// So many bytes, aligned to 256; whatever is touched before them, or more than 255 bytes behind them, is reported at once.
u8* guarded(std::size_t bytes);
// Frees it. False if the bytes between its end and the page's were written.
bool unguard(u8* memory);
// What the memory is called from now on.
void name_guarded(const u8* memory, const char* name);
// The name, or "an allocation".
const char* name_of_guarded(const u8* memory);

}  // namespace bed
