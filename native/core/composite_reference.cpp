#include "composite.h"

namespace shiftscope {

void composite_reference(const Patch& patch, const Frame& frame, const Offset* offsets, std::size_t count,
                         float* out) {
  const bool constant = frame.values.size() == frame.channels;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t c = 0; c < frame.channels; ++c) {
      for (std::size_t y = 0; y < frame.rows; ++y) {
        for (std::size_t x = 0; x < frame.cols; ++x) {
          const float background = frame.values[constant ? c : (c * frame.rows + y) * frame.cols + x];
          const std::size_t r = y - static_cast<std::size_t>(offsets[i].row);
          const std::size_t s = x - static_cast<std::size_t>(offsets[i].col);
          // Above or left of the patch, r and s wrap around to large numbers, because they are unsigned.
          const bool inside = r < patch.rows && s < patch.cols;
          const float weight = inside ? patch.weight[r * patch.cols + s] : 0.0f;
          const float value = inside ? patch.values[(c * patch.rows + r) * patch.cols + s] : 0.0f;
          *out++ = weight * value + (1.0f - weight) * background;
        }
      }
    }
  }
}

}  // namespace shiftscope
