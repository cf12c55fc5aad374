// What a kernel's source finds on the host in place of CUDA's language and built-in functions.
#pragma once
#include "arithmetic.hpp"
#include "atomics.hpp"
#include "barrier.hpp"
#include "box.hpp"
#include "built_in.hpp"
#include "shared.hpp"
#include "tensor.hpp"
#include "warp.hpp"
#include "warpgroup.hpp"
