#pragma once

#include <cstddef>

#include "levels.h"

namespace shiftscope {

/// Inputs of the kernel. The comments in `Compositor` describe the arrays.
struct CompositeJob {
  std::size_t rows, cols, window_rows, window_cols;
  bool constant;            ///< whether `background` is one colour; see `Frame::values` for its shape
  const float* background;
  const float* padded;      ///< [channels, window_rows, 2 * cols - window_cols]
  const float* keep;        ///< [window_rows, 2 * cols - window_cols]; null if `constant`
  bool stream;              ///< whether writes bypass the caches
};

/// Writes one channel, [rows, cols], of an image. The top-left corner of the window (the pasted patch) is at (row, col).
SHIFTSCOPE_DECLARE_LEVELS(void composite_plane(const CompositeJob& job, std::size_t channel, std::size_t row,
                                               std::size_t col, float* out))

}  // namespace shiftscope
