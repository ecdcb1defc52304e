#include "subpixel.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "subpixel_kernel.h"

namespace shiftscope {
namespace {

using Multiply = void (*)(const ProductJob&);
constexpr Multiply kMultiply[] = SHIFTSCOPE_LEVEL_TABLE(multiply);

std::size_t round_up(std::size_t count, std::size_t unit) { return (count + unit - 1) / unit * unit; }

/// A matrix of zeros whose rows and columns are filled up as `ProductJob` needs them.
class Padded {
 public:
  Padded(std::size_t rows, std::size_t cols)
      : rows_(round_up(rows, 8)), cols_(round_up(cols, kLine)), lines_(rows_ * cols_ / kLine) {}

  float* row(std::size_t r) { return lines_.data()->values + r * cols_; }
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }

 private:
  static constexpr std::size_t kLine = 16;
  struct alignas(kLine * sizeof(float)) Line {
    float values[kLine];
  };
  std::size_t rows_, cols_;
  std::vector<Line> lines_;
};

/// Weight of a pixel in the shifted pixel that is `distance` pixels further on. It is the sum that the comment in
/// `Movement` describes, in closed form.
double weight_at(std::size_t side, std::size_t distance, double shift) {
  const bool is_even = side % 2 == 0;
  const auto length = static_cast<double>(side);
  const double angle = std::numbers::pi * std::remainder(static_cast<double>(distance) - shift, length) / length;
  const double cosines = is_even ? length - 1 : length;
  const double sum = angle == 0 ? cosines : std::sin(cosines * angle) / std::sin(angle);
  const double highest = is_even ? std::cos(std::numbers::pi * shift) * (distance % 2 == 0 ? 1 : -1) : 0;
  return (sum + highest) / length;
}

/// Shifts planes, [rows, cols], along one axis.
class CircularShift {
 public:
  CircularShift(std::size_t side, double shift) : parts_(side % 2 == 0 ? 2 : 1), length_(side / parts_) {
    std::vector<double> weights(side);
    for (std::size_t distance = 0; distance < side; ++distance) weights[distance] = weight_at(side, distance, shift);
    for (std::size_t part = 0; part < parts_; ++part) {
      tables_[part].assign(2 * round_up(length_, 16), 0.0f);
      for (std::size_t at = 1; at < 2 * length_; ++at) {
        const double near = weights[(at + side - length_) % side], far = weights[at % side];
        tables_[part][at] = static_cast<float>(parts_ == 1 ? near : part == 0 ? (near + far) / 2 : (near - far) / 2);
      }
    }
  }

  void along_rows(const float* plane, std::size_t cols, float* out, Multiply multiply) const {
    Padded folded(length_, cols), products[2]{{length_, cols}, {length_, cols}};
    const std::size_t half = length_ * cols;
    for (std::size_t part = 0; part < parts_; ++part) {
      Padded& product = products[part];
      for (std::size_t r = 0; r < length_; ++r) fold(plane + r * cols, half, cols, part, folded.row(r));
      multiply({product.rows(), product.cols(), length_, tables_[part].data() + length_, 1, -1, folded.row(0),
                static_cast<std::ptrdiff_t>(folded.cols()), product.row(0), product.cols()});
    }
    for (std::size_t r = 0; r < length_; ++r) unfold(products[0].row(r), products[1].row(r), half, cols, out + r * cols);
  }

  void along_cols(const float* plane, std::size_t rows, float* out, Multiply multiply) const {
    Padded folded(rows, length_), products[2]{{rows, length_}, {rows, length_}};
    const std::size_t cols = length_ * parts_;
    for (std::size_t part = 0; part < parts_; ++part) {
      Padded& product = products[part];
      for (std::size_t r = 0; r < rows; ++r) fold(plane + r * cols, length_, length_, part, folded.row(r));
      multiply({product.rows(), product.cols(), length_, folded.row(0), static_cast<std::ptrdiff_t>(folded.cols()), 1,
                tables_[part].data() + length_, -1, product.row(0), product.cols()});
    }
    for (std::size_t r = 0; r < rows; ++r) {
      unfold(products[0].row(r), products[1].row(r), length_, length_, out + r * cols);
    }
  }

 private:
  /// Adds the second half of a line (`half` floats further on) to the first, or subtracts it for the second matrix.
  void fold(const float* from, std::size_t half, std::size_t count, std::size_t part, float* to) const {
    if (parts_ == 1) {
      std::copy_n(from, count, to);
    } else if (part == 0) {
      for (std::size_t i = 0; i < count; ++i) to[i] = from[i] + from[half + i];
    } else {
      for (std::size_t i = 0; i < count; ++i) to[i] = from[i] - from[half + i];
    }
  }

  void unfold(const float* sum, const float* difference, std::size_t half, std::size_t count, float* to) const {
    if (parts_ == 1) {
      std::copy_n(sum, count, to);
      return;
    }
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = sum[i] + difference[i];
      to[half + i] = sum[i] - difference[i];
    }
  }

  std::size_t parts_;   // number of matrices, 1 or 2
  std::size_t length_;  // side of each matrix
  // For each matrix, the weight of pixel j in pixel i, at the index length_ + i - j. Beyond 2 * length_ are zeros, which
  // rows and columns that only fill up a matrix read.
  std::vector<float> tables_[2];
};

/// Adds the derivative of a bilinear shift; see `Movement`.
void add_steps(const float* plane, std::size_t rows, std::size_t cols, const Movement& by, float* out) {
  const auto down = static_cast<float>(by.row_step), right = static_cast<float>(by.col_step);
  for (std::size_t r = 0; r < rows; ++r, plane += cols, out += cols) {
    const float* below = r + 1 < rows ? plane + cols : plane - cols;
    const auto moved = [&](std::size_t c, std::size_t next) {
      return plane[c] + down * (below[c] - plane[c]) + right * (plane[next] - plane[c]);
    };
    for (std::size_t c = 0; c + 1 < cols; ++c) out[c] = moved(c, c + 1);
    out[cols - 1] = moved(cols - 1, cols - 2);
  }
}

}  // namespace

void move_picture(const float* picture, std::size_t channels, std::size_t rows, std::size_t cols,
                  const Movement* movements, std::size_t count, float* out, InstructionSet level) {
  const Multiply multiply = kMultiply[static_cast<int>(level)];
  const std::size_t pixels = rows * cols, image = channels * pixels;
  std::vector<float> moved(image), shifted(pixels);
  for (const Movement* by = movements; by < movements + count; ++by) {
    if (by->rows != 0 && (by == movements || by->rows != by[-1].rows)) {
      const CircularShift shift(rows, by->rows);
      for (std::size_t c = 0; c < image; c += pixels) shift.along_rows(picture + c, cols, moved.data() + c, multiply);
    }
    const CircularShift shift(cols, by->cols);
    const bool steps = by->row_step != 0 || by->col_step != 0;
    for (std::size_t c = 0; c < image; c += pixels, out += pixels) {
      const float* plane = (by->rows == 0 ? picture : moved.data()) + c;
      if (by->cols != 0) {
        shift.along_cols(plane, rows, steps ? shifted.data() : out, multiply);
        plane = shifted.data();
      }
      if (steps) {
        add_steps(plane, rows, cols, *by, out);
      } else if (by->cols == 0) {
        std::copy_n(plane, pixels, out);
      }
    }
  }
}

}  // namespace shiftscope
