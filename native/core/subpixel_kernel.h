#pragma once

#include <cstddef>

#include "levels.h"

namespace shiftscope {

/// A matrix product: out[r, c] = sum over s < steps of left[r * left_row + s * left_step] * right[s * right_step + c].
struct ProductJob {
  std::size_t rows;   ///< a multiple of 8
  std::size_t cols;   ///< a multiple of 16
  std::size_t steps;
  const float* left;
  std::ptrdiff_t left_row, left_step;
  const float* right;
  std::ptrdiff_t right_step;
  float* out;           ///< aligned to 64 bytes
  std::size_t out_row;  ///< a multiple of 16
};

SHIFTSCOPE_DECLARE_LEVELS(void multiply(const ProductJob& job))

}  // namespace shiftscope
