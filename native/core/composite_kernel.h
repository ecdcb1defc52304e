#pragma once

#include <cstddef>

#include "composite.h"
#include "levels.h"

namespace shiftscope {

/// Inputs of the kernel. The comments in `Compositor` describe the arrays.
struct CompositeJob {
  std::size_t rows, cols, window_rows, window_cols;
  std::size_t margin;       ///< columns on each side of a padded row
  bool constant;            ///< whether `background` is one colour; see `Frame::values` for its shape
  const float* background;
  const float* padded;      ///< [channels, window_rows, window_cols + 2 * margin]
  const float* keep;        ///< [window_rows, window_cols + 2 * margin]; null if `constant`
  bool stream;              ///< whether writes bypass the caches
};

/// Writes one channel, [rows, cols], of an image. The top-left corner of the window (the pasted patch) is at `at`.
SHIFTSCOPE_DECLARE_LEVELS(void composite_plane(const CompositeJob& job, std::size_t channel, const Offset& at,
                                               float* out))

}  // namespace shiftscope
