#pragma once

#include <cstddef>

#include "levels.h"

namespace shiftscope {

/// `add_outer_products` takes a matrix that is stored in panels, each with this many columns.
constexpr std::size_t kOuterPanel = 8;

/// Index of x[row][column] in a matrix x that is stored in panels of kOuterPanel columns and has `rows` rows.
constexpr std::size_t outer_index(std::size_t row, std::size_t column, std::size_t rows) {
  return (column / kOuterPanel * rows + row) * kOuterPanel + column % kOuterPanel;
}

/// The kernels for one instruction set.
struct SvmKernels {
  /// Computes out[i, p] = <features[i], weights[p]>.
  /// features: [rows, dims]. out: [rows, problems]. weights: [problems, stride]. The elements from `dims` to the next
  /// multiple of 8 must be 0, and `stride` must be at least that multiple.
  void (*decision_values)(const float* features, std::size_t rows, std::size_t dims, const double* weights,
                          std::size_t problems, std::size_t stride, double* out);

  /// Computes out[i · stride + j] = <a[i], b[j]>. `a` and `b` are arrays of pointers to vectors of `dims` floats.
  void (*scalar_products)(const float* const* a, std::size_t a_count, const float* const* b, std::size_t b_count,
                          std::size_t dims, double* out, std::size_t stride);

  /// Adds the upper triangle of a symmetric product: out[i · stride + j] += scale · Σ_r x[r][i] x[r][j] for begin <=
  /// i < end and i <= j < stride. Some elements left of the diagonal may be overwritten, too.
  /// x: [stride / kOuterPanel, count, kOuterPanel], in panels (see `outer_index`). `stride` and `begin` must be
  /// multiples of kOuterPanel, and `stride` must be at least `end`.
  void (*add_outer_products)(const double* x, std::size_t count, std::size_t begin, std::size_t end, std::size_t stride,
                             double scale, double* out);

  double (*dot)(const double* a, const double* b, std::size_t count);

  /// y += scale · x.
  void (*add_scaled)(double* y, const double* x, double scale, std::size_t count);
  void (*add_scaled_floats)(double* y, const float* x, double scale, std::size_t count);

  /// y += Σ scales[k] · x_k for k = 0 … 3. Vector x_k starts at the address x + k · stride.
  void (*add_four_scaled)(double* y, const double* x, std::size_t stride, const double* scales, std::size_t count);

  /// y += scale · (a - b).
  void (*add_scaled_difference)(double* y, const double* a, const double* b, double scale, std::size_t count);
};

SHIFTSCOPE_DECLARE_LEVELS(SvmKernels level_kernels())

}  // namespace shiftscope
