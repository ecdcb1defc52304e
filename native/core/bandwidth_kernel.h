#pragma once

#include <cstddef>

#include "levels.h"

namespace shiftscope {

/// Writes `value` to out: [count], past the caches if `stream`.
SHIFTSCOPE_DECLARE_LEVELS(void fill(float* out, std::size_t count, float value, bool stream))

/// A value that depends on every float of in: [count], so that none of the loads can be left out.
SHIFTSCOPE_DECLARE_LEVELS(float read_all(const float* in, std::size_t count))

}  // namespace shiftscope
