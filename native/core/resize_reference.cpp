#include <vector>

#include "resize.h"

namespace shiftscope {
namespace {

std::uint8_t white_sample(const std::uint8_t* pixel, std::size_t channels, std::size_t channel) {
  if (channel == 3) return 255;
  const double alpha = channels == 4 ? pixel[3] : 255;
  return static_cast<std::uint8_t>((pixel[channel] * alpha + 255 * (255 - alpha)) / 255 + 0.5);
}

/// value: returns the source value of a tap.
template <class Value>
std::uint8_t weighted_sum(const Taps& taps, std::size_t target, const Value& value) {
  std::int64_t sum = 1 << (kWeightBits - 1);
  for (std::size_t tap = 0; tap < taps.width; ++tap) {
    sum += std::int64_t{taps.weights[target * taps.width + tap]} * value(static_cast<std::size_t>(taps.first[target]) + tap);
  }
  return static_cast<std::uint8_t>(sum >> kWeightBits);
}

}  // namespace

void resize_reference(const std::uint8_t* pixels, std::size_t cols, std::size_t channels, const Taps& of_rows,
                      const Taps& of_cols, std::uint8_t* out) {
  for (std::size_t r = 0; r < of_rows.count; ++r) {
    for (std::size_t i = 0; i < 4 * of_cols.count; ++i) {
      *out++ = weighted_sum(of_rows, r, [&](std::size_t row) {
        return weighted_sum(of_cols, i / 4, [&](std::size_t col) {
          return white_sample(pixels + channels * (row * cols + col), channels, i % 4);
        });
      });
    }
  }
}

}  // namespace shiftscope
