#pragma once

#include <cstddef>

#include "levels.h"

namespace shiftscope {

/// Inputs of the kernels. `Compositor` describes the fields.
struct CompositeJob {
  std::size_t rows, cols, window_rows, window_cols;
  bool constant;            ///< background is [channels], otherwise [channels, rows, cols]
  const float* background;
  const float* padded;      ///< [channels, window_rows, 2 * cols - window_cols]
  const float* keep;        ///< [window_rows, 2 * cols - window_cols], null if constant
  bool stream;              ///< write past the caches
};

/// Writes one channel of one image, [rows, cols], with the window's corner at (row, col).
SHIFTSCOPE_DECLARE_LEVELS(void composite_plane(const CompositeJob& job, std::size_t channel, std::size_t row,
                                               std::size_t col, float* out))

}  // namespace shiftscope
