#include <cmath>
#include <numbers>
#include <vector>

#include "subpixel.h"

namespace shiftscope {
namespace {

/// Shifts one row or column, a sum of cosines, by shifting the phase of each.
void shift_line(const double* line, std::size_t side, std::size_t stride, double shift, double* out) {
  const double turn = 2 * std::numbers::pi / static_cast<double>(side);
  for (std::size_t i = 0; i < side; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < side; ++j) {
      const double distance = static_cast<double>(i) - static_cast<double>(j);
      double weight = 1;
      for (std::size_t k = 1; 2 * k < side; ++k) weight += 2 * std::cos(turn * static_cast<double>(k) * (distance - shift));
      if (side % 2 == 0) weight += std::cos(std::numbers::pi * shift) * std::cos(std::numbers::pi * distance);
      sum += weight / static_cast<double>(side) * line[j * stride];
    }
    out[i * stride] = sum;
  }
}

double derivative(const double* pixel, std::size_t place, std::size_t side, std::ptrdiff_t stride) {
  return pixel[place + 1 < side ? stride : -stride] - *pixel;
}

}  // namespace

void move_picture_reference(const float* picture, std::size_t channels, std::size_t rows, std::size_t cols,
                            const Movement* movements, std::size_t count, float* out) {
  const std::size_t pixels = rows * cols;
  for (const Movement* at = movements; at < movements + count; ++at) {
    for (std::size_t c = 0; c < channels; ++c) {
      const std::vector<double> plane(picture + c * pixels, picture + (c + 1) * pixels);
      std::vector<double> moved(pixels), shifted(pixels);
      for (std::size_t x = 0; x < cols; ++x) shift_line(&plane[x], rows, cols, at->rows, &moved[x]);
      for (std::size_t y = 0; y < rows; ++y) shift_line(&moved[y * cols], cols, 1, at->cols, &shifted[y * cols]);
      for (std::size_t i = 0; i < pixels; ++i) {
        const double down = derivative(&shifted[i], i / cols, rows, static_cast<std::ptrdiff_t>(cols));
        const double right = derivative(&shifted[i], i % cols, cols, 1);
        *out++ = static_cast<float>(shifted[i] + at->row_step * down + at->col_step * right);
      }
    }
  }
}

}  // namespace shiftscope
