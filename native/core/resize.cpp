#include "resize.h"

#include <algorithm>
#include <vector>

namespace shiftscope {
namespace {

using ResizeRow = void (*)(const std::uint8_t*, const Taps&, std::uint8_t*);
constexpr ResizeRow kResizeRow[] = SHIFTSCOPE_LEVEL_TABLE(resize_row);
using MakeRow = void (*)(const std::uint8_t*, std::size_t, const std::int32_t*, std::size_t, std::int32_t*, std::uint8_t*);
constexpr MakeRow kMakeRow[] = SHIFTSCOPE_LEVEL_TABLE(make_row);

/// Lays a row on white. Returns the row itself if it is opaque.
const std::uint8_t* on_white(const std::uint8_t* row, std::size_t cols, std::uint8_t* out) {
  unsigned least = 255;
  for (std::size_t col = 0; col < cols; ++col) least &= row[4 * col + 3];
  if (least == 255) return row;
  for (std::size_t i = 0; i < 4 * cols; ++i) {
    const unsigned alpha = row[i | 3], value = i % 4 == 3 ? 255 : row[i];
    out[i] = static_cast<std::uint8_t>((2 * (value * alpha + 255 * (255 - alpha)) + 255) / 510);
  }
  return out;
}

}  // namespace

void resize_on_white(const std::uint8_t* rgba, std::size_t cols, const Taps& of_rows, const Taps& of_cols, std::uint8_t* out,
                     InstructionSet level) {
  if (of_rows.count == 0 || of_cols.count == 0) return;
  const ResizeRow resize_row = kResizeRow[static_cast<int>(level)];
  const MakeRow make_row = kMakeRow[static_cast<int>(level)];
  const std::size_t length = 4 * of_cols.count;
  // Only rows that some target row needs are resized.
  const auto from = static_cast<std::size_t>(of_rows.first[0]);
  const std::size_t end = static_cast<std::size_t>(of_rows.first[of_rows.count - 1]) + of_rows.width;
  std::vector<std::uint8_t> white(4 * cols), resized((end - from) * length);
  for (std::size_t row = from; row < end; ++row) {
    resize_row(on_white(rgba + 4 * row * cols, cols, white.data()), of_cols, resized.data() + (row - from) * length);
  }
  std::vector<std::int32_t> sums(length);
  for (std::size_t target = 0; target < of_rows.count; ++target) {
    const std::size_t first = static_cast<std::size_t>(of_rows.first[target]) - from;
    make_row(resized.data() + first * length, length, of_rows.weights + target * of_rows.width, of_rows.width, sums.data(),
             out + target * length);
  }
}

}  // namespace shiftscope
