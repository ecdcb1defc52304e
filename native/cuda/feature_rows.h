#pragma once

#include <cstddef>
#include <cstdint>

#include "platform.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

/// Rows of a feature matrix on the device.
struct FeatureRows {
  const float* data;             ///< [rows, dims]
  const std::uint32_t* samples;  ///< which rows, [count]; null: the first `count`
  std::size_t count;
  unsigned dims;

  __device__ const float* row(std::size_t i) const {
    return data + (samples == nullptr ? i : static_cast<std::size_t>(samples[i])) * dims;
  }
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
