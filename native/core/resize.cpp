#include "resize.h"

#include <algorithm>
#include <vector>

namespace shiftscope {
namespace {

using ResizeRow = void (*)(const std::uint8_t*, const Taps&, const std::int32_t*, std::uint8_t*);
constexpr ResizeRow kResizeRow[] = SHIFTSCOPE_LEVEL_TABLE(resize_row);
using MakeRow = void (*)(const std::uint8_t*, std::size_t, const std::int32_t*, std::size_t, std::int32_t*, std::uint8_t*);
constexpr MakeRow kMakeRow[] = SHIFTSCOPE_LEVEL_TABLE(make_row);

/// The weights as `resize_row` reads them.
std::vector<std::int32_t> grouped_weights(const Taps& taps) {
  const std::size_t padded = (taps.width + kTapGroup - 1) / kTapGroup * kTapGroup;
  std::vector<std::int32_t> grouped(3 * taps.count * padded);
  for (std::size_t target = 0; target < taps.count; ++target) {
    for (std::size_t i = 0; i < 3 * taps.width; ++i) {
      grouped[3 * target * padded + i] = taps.weights[target * taps.width + i / 3];
    }
  }
  return grouped;
}

/// Lays an RGBA row on white. out: [cols, 3].
void on_white(const std::uint8_t* row, std::size_t cols, std::uint8_t* out) {
  for (std::size_t col = 0; col < cols; ++col, row += 4, out += 3) {
    const unsigned alpha = row[3];
    for (std::size_t c = 0; c < 3; ++c) {
      out[c] = static_cast<std::uint8_t>((2 * (row[c] * alpha + 255 * (255 - alpha)) + 255) / 510);
    }
  }
}

}  // namespace

void resize_on_white(const std::uint8_t* pixels, std::size_t cols, std::size_t channels, const Taps& of_rows,
                     const Taps& of_cols, std::uint8_t* out, InstructionSet level) {
  if (of_rows.count == 0 || of_cols.count == 0) return;
  const ResizeRow resize_row = kResizeRow[static_cast<int>(level)];
  const MakeRow make_row = kMakeRow[static_cast<int>(level)];
  const std::size_t length = 3 * of_cols.count;
  // Only rows that some target row needs are resized.
  const auto from = static_cast<std::size_t>(of_rows.first[0]);
  const std::size_t end = static_cast<std::size_t>(of_rows.first[of_rows.count - 1]) + of_rows.width;
  const std::vector<std::int32_t> weights = grouped_weights(of_cols);
  std::vector<std::uint8_t> own(3 * cols + kReadBeyond), resized((end - from) * length);
  for (std::size_t row = from; row < end; ++row) {
    const std::uint8_t* source = pixels + channels * row * cols;
    if (channels == 4) {
      on_white(source, cols, own.data());
      source = own.data();
    } else if (3 * cols * (end - row - 1) < kReadBeyond) {
      // The kernel would read beyond the picture.
      std::copy(source, source + 3 * cols, own.begin());
      source = own.data();
    }
    resize_row(source, of_cols, weights.data(), resized.data() + (row - from) * length);
  }
  std::vector<std::int32_t> sums(length);
  std::vector<std::uint8_t> rgb(length);
  for (std::size_t target = 0; target < of_rows.count; ++target) {
    const std::size_t first = static_cast<std::size_t>(of_rows.first[target]) - from;
    make_row(resized.data() + first * length, length, of_rows.weights + target * of_rows.width, of_rows.width, sums.data(),
             rgb.data());
    for (std::size_t col = 0; col < of_cols.count; ++col, out += 4) {
      for (std::size_t c = 0; c < 3; ++c) out[c] = rgb[3 * col + c];
      out[3] = 255;
    }
  }
}

}  // namespace shiftscope
