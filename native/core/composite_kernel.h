#pragma once

#include <cstddef>

#include "composite.h"
#include "levels.h"

namespace shiftscope {

/// Inputs of the kernel. The comments in `Compositor` describe the arrays.
struct CompositeJob {
  std::size_t rows, cols, patch_rows, patch_cols;
  std::size_t margin;       ///< columns on each side of a padded row
  bool constant;            ///< whether `background` is one colour; see `Frame::values` for its shape
  const float* background;
  const float* padded;      ///< [channels, patch_rows, patch_cols + 2 * margin]
  const float* keep;        ///< [patch_rows, patch_cols + 2 * margin]; null if `constant`
  bool stream;              ///< whether writes bypass the caches
};

/// Writes one channel, [rows, cols], of an image. The top-left corner of the patch is at `at`.
SHIFTSCOPE_DECLARE_LEVELS(void composite_plane(const CompositeJob& job, std::size_t channel, const Offset& at,
                                               float* out))

}  // namespace shiftscope
