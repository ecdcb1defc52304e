#include "resize_kernel.h"

#include "vector.h"

// Compilers vectorise these loops for each instruction set.
namespace shiftscope::SHIFTSCOPE_LEVEL {
namespace {

constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

}  // namespace

void resize_row(const std::uint8_t* row, const Taps& taps, std::uint8_t* out) {
  const std::int32_t* weights = taps.weights;
  for (std::size_t target = 0; target < taps.count; ++target, weights += taps.width) {
    const std::uint8_t* pixel = row + 4 * static_cast<std::size_t>(taps.first[target]);
    std::int32_t sums[4] = {kHalf, kHalf, kHalf, kHalf};
    for (std::size_t tap = 0; tap < taps.width; ++tap, pixel += 4) {
      for (std::size_t c = 0; c < 4; ++c) sums[c] += weights[tap] * pixel[c];
    }
    for (std::size_t c = 0; c < 4; ++c) out[4 * target + c] = static_cast<std::uint8_t>(sums[c] >> kWeightBits);
  }
}

void make_row(const std::uint8_t* rows, std::size_t length, const std::int32_t* weights, std::size_t width,
              std::int32_t* sums, std::uint8_t* out) {
  for (std::size_t i = 0; i < length; ++i) sums[i] = kHalf;
  for (std::size_t tap = 0; tap < width; ++tap, rows += length) {
    for (std::size_t i = 0; i < length; ++i) sums[i] += weights[tap] * rows[i];
  }
  for (std::size_t i = 0; i < length; ++i) out[i] = static_cast<std::uint8_t>(sums[i] >> kWeightBits);
}

}  // namespace shiftscope::SHIFTSCOPE_LEVEL
