// Takes the place of CUDA's language and built-in functions when a kernel is compiled for the host.
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
