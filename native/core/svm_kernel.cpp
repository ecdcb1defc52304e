#include "svm_kernel.h"

#include "vector.h"

namespace shiftscope::SHIFTSCOPE_LEVEL {
namespace {

// Tiles of sums that fit the vector registers beside what they are made of.
#if defined(SHIFTSCOPE_LEVEL_AVX512) || defined(SHIFTSCOPE_LEVEL_NEON)
constexpr std::size_t kTileRows = 4, kTileColumns = 5;
#elif defined(SHIFTSCOPE_LEVEL_AVX2)
constexpr std::size_t kTileRows = 2, kTileColumns = 5;
#else
constexpr std::size_t kTileRows = 2, kTileColumns = 4;
#endif

constexpr std::size_t kWidth = Doubles::width;

/// As many dims at a time that a tile's operands, and the weights of ten problems, stay in the first-level cache.
constexpr std::size_t kPanelDims = 256;
constexpr std::size_t kPanelRows = 32;

SHIFTSCOPE_INLINE double total(Doubles x) {
  double v[kWidth];
  x.store(v);
  for (std::size_t half = kWidth / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) v[i] += v[i + half];
  }
  return v[0];
}

SHIFTSCOPE_INLINE Doubles read(const double* p) { return Doubles::load(p); }
SHIFTSCOPE_INLINE Doubles read(const float* p) { return Doubles::widen(p); }

/// out[r · stride + c] (+)= <a[r], b[c]> over `count` elements, for a tile of Rows by Columns.
template <std::size_t Rows, std::size_t Columns, class B>
void tile(const float* const* a, const B* const* b, std::size_t count, bool add, double* out, std::size_t stride) {
  Doubles sums[Rows][Columns];
  for (auto& row : sums) {
    for (Doubles& sum : row) sum = Doubles::zero();
  }
  const auto step = [&](const float* const* x, const B* const* y, std::size_t at) SHIFTSCOPE_INLINE_LAMBDA {
    Doubles left[Rows];
    for (std::size_t r = 0; r < Rows; ++r) left[r] = read(x[r] + at);
    for (std::size_t c = 0; c < Columns; ++c) {
      const Doubles right = read(y[c] + at);
      for (std::size_t r = 0; r < Rows; ++r) sums[r][c].add_product(left[r], right);
    }
  };
  const std::size_t whole = count / kWidth * kWidth;
  for (std::size_t at = 0; at < whole; at += kWidth) step(a, b, at);
  if (whole < count) {
    float left[Rows][kWidth] = {};
    B right[Columns][kWidth] = {};
    const float* x[Rows];
    const B* y[Columns];
    for (std::size_t r = 0; r < Rows; ++r) {
      for (std::size_t i = whole; i < count; ++i) left[r][i - whole] = a[r][i];
      x[r] = left[r];
    }
    for (std::size_t c = 0; c < Columns; ++c) {
      for (std::size_t i = whole; i < count; ++i) right[c][i - whole] = b[c][i];
      y[c] = right[c];
    }
    step(x, y, 0);
  }
  for (std::size_t r = 0; r < Rows; ++r) {
    for (std::size_t c = 0; c < Columns; ++c) {
      double& sum = out[r * stride + c];
      sum = total(sums[r][c]) + (add ? sum : 0);
    }
  }
}

/// `tile` for a number of columns that is known at run time, Most at most.
template <std::size_t Rows, std::size_t Most, class B>
void tile_of(std::size_t columns, const float* const* a, const B* const* b, std::size_t count, bool add, double* out,
             std::size_t stride) {
  if constexpr (Most > 1) {
    if (columns < Most) return tile_of<Rows, Most - 1, B>(columns, a, b, count, add, out, stride);
  }
  tile<Rows, Most, B>(a, b, count, add, out, stride);
}

template <std::size_t Rows, class B>
void row_of_tiles(const float* const* a, const B* const* b, std::size_t columns, std::size_t at, std::size_t count,
                  double* out, std::size_t stride) {
  const float* x[Rows];
  for (std::size_t r = 0; r < Rows; ++r) x[r] = a[r] + at;
  for (std::size_t column = 0; column < columns; column += kTileColumns) {
    const std::size_t width = least(kTileColumns, columns - column);
    const B* y[kTileColumns];
    for (std::size_t c = 0; c < width; ++c) y[c] = b[column + c] + at;
    tile_of<Rows, kTileColumns, B>(width, x, y, count, at > 0, out + column, stride);
  }
}

template <class B>
void panel(const float* const* a, std::size_t rows, const B* const* b, std::size_t columns, std::size_t dims, double* out,
           std::size_t stride) {
  for (std::size_t at = 0; at < dims; at += kPanelDims) {
    const std::size_t count = least(kPanelDims, dims - at);
    std::size_t row = 0;
    for (; row + kTileRows <= rows; row += kTileRows) {
      row_of_tiles<kTileRows>(a + row, b, columns, at, count, out + row * stride, stride);
    }
    for (; row < rows; ++row) row_of_tiles<1>(a + row, b, columns, at, count, out + row * stride, stride);
  }
}

/// Tiles of eight vectors of sums: columns of one cache line, and as many rows as a vector is wide.
constexpr std::size_t kOuterRows = kWidth;

/// out[i + k][j ...] += scale · Σ_r x[r][i + k] x[r][j ...] for Rows rows and the columns of one panel of x.
template <std::size_t Rows>
void outer_tile(const double* x, std::size_t count, std::size_t i, std::size_t j, std::size_t stride, double scale,
                double* out) {
  constexpr std::size_t kParts = kOuterPanel / kWidth;
  const Doubles factor = Doubles::fill(scale);
  Doubles sums[Rows][kParts];
  for (auto& row : sums) {
    for (Doubles& sum : row) sum = Doubles::zero();
  }
  const double* rows = x + outer_index(0, i, count);
  const double* columns = x + outer_index(0, j, count);
  for (std::size_t r = 0; r < count; ++r, rows += kOuterPanel, columns += kOuterPanel) {
    Doubles right[kParts];
    for (std::size_t part = 0; part < kParts; ++part) right[part] = Doubles::load(columns + part * kWidth);
    for (std::size_t k = 0; k < Rows; ++k) {
      const Doubles left = Doubles::fill(rows[k]);
      for (std::size_t part = 0; part < kParts; ++part) sums[k][part].add_product(left, right[part]);
    }
  }
  for (std::size_t k = 0; k < Rows; ++k) {
    for (std::size_t part = 0; part < kParts; ++part) {
      double* at = out + (i + k) * stride + j + part * kWidth;
      Doubles sum = Doubles::load(at);
      sum.add_product(sums[k][part], factor);
      sum.store(at);
    }
  }
}

}  // namespace

void decision_values(const float* features, std::size_t rows, std::size_t dims, const double* weights,
                     std::size_t problems, std::size_t stride, double* out) {
  constexpr std::size_t kMostProblems = 20;
  for (std::size_t first = 0; first < problems; first += kMostProblems) {
    const std::size_t count = least(kMostProblems, problems - first);
    const double* b[kMostProblems];
    for (std::size_t p = 0; p < count; ++p) b[p] = weights + (first + p) * stride;
    for (std::size_t row = 0; row < rows; row += kPanelRows) {
      const std::size_t height = least(kPanelRows, rows - row);
      const float* a[kPanelRows];
      for (std::size_t r = 0; r < height; ++r) a[r] = features + (row + r) * dims;
      panel(a, height, b, count, dims, out + row * problems + first, problems);
    }
  }
}

void scalar_products(const float* const* a, std::size_t a_count, const float* const* b, std::size_t b_count,
                     std::size_t dims, double* out, std::size_t stride) {
  panel(a, a_count, b, b_count, dims, out, stride);
}

void add_outer_products(const double* x, std::size_t count, std::size_t begin, std::size_t end, std::size_t stride,
                        double scale, double* out) {
  // The panels of the rows stay in the caches while those of the columns go by once.
  for (std::size_t j = begin / kOuterPanel * kOuterPanel; j < stride; j += kOuterPanel) {
    const std::size_t last = least(end, j + kOuterPanel);
    std::size_t i = begin;
    for (; i + kOuterRows <= last; i += kOuterRows) outer_tile<kOuterRows>(x, count, i, j, stride, scale, out);
    for (; i < last; ++i) outer_tile<1>(x, count, i, j, stride, scale, out);
  }
}

double dot(const double* a, const double* b, std::size_t count) {
  constexpr std::size_t kParts = 4;
  Doubles sums[kParts];
  for (Doubles& sum : sums) sum = Doubles::zero();
  std::size_t i = 0;
  for (; i + kParts * kWidth <= count; i += kParts * kWidth) {
    for (std::size_t part = 0; part < kParts; ++part) {
      sums[part].add_product(Doubles::load(a + i + part * kWidth), Doubles::load(b + i + part * kWidth));
    }
  }
  for (; i + kWidth <= count; i += kWidth) sums[0].add_product(Doubles::load(a + i), Doubles::load(b + i));
  double sum = (total(sums[0]) + total(sums[1])) + (total(sums[2]) + total(sums[3]));
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

void add_scaled(double* y, const double* x, double scale, std::size_t count) {
  const Doubles factor = Doubles::fill(scale);
  std::size_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    Doubles sum = Doubles::load(y + i);
    sum.add_product(Doubles::load(x + i), factor);
    sum.store(y + i);
  }
  for (; i < count; ++i) y[i] += scale * x[i];
}

void add_scaled_floats(double* y, const float* x, double scale, std::size_t count) {
  const Doubles factor = Doubles::fill(scale);
  std::size_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    Doubles sum = Doubles::load(y + i);
    sum.add_product(Doubles::widen(x + i), factor);
    sum.store(y + i);
  }
  for (; i < count; ++i) y[i] += scale * x[i];
}

void add_four_scaled(double* y, const double* x, std::size_t stride, const double* scales, std::size_t count) {
  constexpr std::size_t kVectors = 4;
  Doubles factors[kVectors];
  for (std::size_t k = 0; k < kVectors; ++k) factors[k] = Doubles::fill(scales[k]);
  std::size_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    Doubles sum = Doubles::load(y + i);
    for (std::size_t k = 0; k < kVectors; ++k) sum.add_product(Doubles::load(x + k * stride + i), factors[k]);
    sum.store(y + i);
  }
  for (; i < count; ++i) {
    for (std::size_t k = 0; k < kVectors; ++k) y[i] += scales[k] * x[k * stride + i];
  }
}

void add_scaled_difference(double* y, const double* a, const double* b, double scale, std::size_t count) {
  const Doubles plus = Doubles::fill(scale), minus = Doubles::fill(-scale);
  std::size_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    Doubles sum = Doubles::load(y + i);
    sum.add_product(Doubles::load(a + i), plus);
    sum.add_product(Doubles::load(b + i), minus);
    sum.store(y + i);
  }
  for (; i < count; ++i) y[i] += scale * (a[i] - b[i]);
}

}  // namespace shiftscope::SHIFTSCOPE_LEVEL
