#include "svm_kernel.h"

#include "vector.h"

namespace shiftscope::SHIFTSCOPE_LEVEL {
namespace {

// Size of a tile, a block of scalar products that are computed together. Its sums must fit into the vector registers
// together with the operands.
#if defined(SHIFTSCOPE_LEVEL_AVX512) || defined(SHIFTSCOPE_LEVEL_NEON)
constexpr std::size_t kTileRows = 4, kTileColumns = 5;
#elif defined(SHIFTSCOPE_LEVEL_AVX2)
constexpr std::size_t kTileRows = 2, kTileColumns = 5;
#else
constexpr std::size_t kTileRows = 2, kTileColumns = 4;
#endif

constexpr std::size_t kWidth = Doubles::width;

/// Size of a panel, the part of the features that is handled at a time. kPanelDims is so small that the operands of a
/// tile (its rows, and the weights of up to five classifiers) fit into the first-level cache.
constexpr std::size_t kPanelDims = 512;
constexpr std::size_t kPanelRows = 32;

/// Rows are prefetched this many rows before they are needed. Otherwise, too few loads would be in flight to keep the
/// memory busy.
constexpr std::size_t kAheadRows = 8;
constexpr std::size_t kLineFloats = 16;

SHIFTSCOPE_INLINE Doubles read(const double* p) { return Doubles::load(p); }
SHIFTSCOPE_INLINE Doubles read(const float* p) { return Doubles::widen(p); }

/// The vectors that a tile multiplies: its rows and its columns. All pointers point to the same index in their vectors.
template <class B>
struct Operands {
  const float* rows[kTileRows];
  const B* columns[kTileColumns];
  std::ptrdiff_t ahead;  ///< distance in floats to the rows to prefetch; 0 to prefetch none
};

/// Computes out[r · stride + c] = <rows[r], columns[c]> over `count` elements, or adds this to `out` if `add`. `count`
/// must be a multiple of kWidth.
/// Never inlined: in the middle of other code, compilers would keep the sums in memory instead of registers.
template <std::size_t Rows, std::size_t Columns, class B>
SHIFTSCOPE_NOINLINE void tile(const Operands<B>& operands, std::size_t count, bool add, double* out, std::size_t stride) {
  const Operands<B> x = operands;
  Doubles sums[Rows][Columns];
  unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA {
    unroll<Columns>([&](auto c) SHIFTSCOPE_INLINE_LAMBDA { sums[r][c] = Doubles::zero(); });
  });
  for (std::size_t at = 0; at < count; at += kWidth) {
    if (at % kLineFloats == 0 && x.ahead != 0) {
      unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA { prefetch(x.rows[r] + at + x.ahead); });
    }
    Doubles left[Rows];
    unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA { left[r] = read(x.rows[r] + at); });
    unroll<Columns>([&](auto c) SHIFTSCOPE_INLINE_LAMBDA {
      const Doubles right = in_register(read(x.columns[c] + at));
      unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA { sums[r][c].add_product(left[r], right); });
    });
  }
  unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA {
    unroll<Columns>([&](auto c) SHIFTSCOPE_INLINE_LAMBDA {
      double& sum = out[r * stride + c];
      sum = sums[r][c].total() + (add ? sum : 0);
    });
  });
}

template <class B>
using Tile = void (*)(const Operands<B>&, std::size_t, bool, double*, std::size_t);

/// Returns the version of `tile` for a number of columns that is known only at run time.
template <std::size_t Rows, class B, std::size_t Most = kTileColumns>
Tile<B> tile_of(std::size_t columns) {
  if constexpr (Most > 1) {
    if (columns < Most) return tile_of<Rows, B, Most - 1>(columns);
  }
  return tile<Rows, Most, B>;
}

/// Copies of the last `count` elements of a tile's operands. They do not fill a vector register, so zeros are appended.
template <class B>
struct Tail {
  float rows[kTileRows][kWidth] = {};
  B columns[kTileColumns][kWidth] = {};
  Operands<B> operands;

  Tail(const Operands<B>& from, std::size_t row_count, std::size_t column_count, std::size_t at, std::size_t count) {
    for (std::size_t r = 0; r < row_count; ++r) {
      for (std::size_t i = 0; i < count; ++i) rows[r][i] = from.rows[r][at + i];
    }
    for (std::size_t c = 0; c < column_count; ++c) {
      for (std::size_t i = 0; i < count; ++i) columns[c][i] = from.columns[c][at + i];
    }
    operands.ahead = 0;
    for (std::size_t r = 0; r < kTileRows; ++r) operands.rows[r] = rows[r];
    for (std::size_t c = 0; c < kTileColumns; ++c) operands.columns[c] = columns[c];
  }
};

template <std::size_t Rows, class B>
void row_of_tiles(const float* const* a, std::ptrdiff_t ahead, const B* const* b, std::size_t columns, std::size_t at,
                  std::size_t count, double* out, std::size_t stride) {
  const std::size_t whole = count / kWidth * kWidth;
  Operands<B> operands;
  operands.ahead = ahead;
  for (std::size_t r = 0; r < Rows; ++r) operands.rows[r] = a[r] + at;
  for (std::size_t column = 0; column < columns; column += kTileColumns) {
    const std::size_t width = least(kTileColumns, columns - column);
    for (std::size_t c = 0; c < width; ++c) operands.columns[c] = b[column + c] + at;
    const Tile<B> tile = tile_of<Rows, B>(width);
    tile(operands, whole, at > 0, out + column, stride);
    if (whole < count) {
      const Tail<B> tail(operands, Rows, width, whole, count - whole);
      tile(tail.operands, kWidth, true, out + column, stride);
    }
    operands.ahead = 0;
  }
}

/// Chooses which rows to prefetch while a tile is computed. Returns their distance from the tile in floats; 0 if there
/// are none. The rows must be contiguous in memory.
/// row, at: the tile's first row and first dim. rows, following: number of rows in the panel, and whether more rows
/// follow them in memory.
SHIFTSCOPE_INLINE std::ptrdiff_t ahead_of(std::size_t row, std::size_t rows, std::size_t at, std::size_t dims,
                                          bool following) {
  const auto signed_dims = static_cast<std::ptrdiff_t>(dims);
  const std::ptrdiff_t later = static_cast<std::ptrdiff_t>(kAheadRows) * signed_dims;
  if (row + kAheadRows < rows) return later;
  if (at + kPanelDims < dims) return static_cast<std::ptrdiff_t>(kPanelDims) + later - static_cast<std::ptrdiff_t>(rows) * signed_dims;
  return following ? later - static_cast<std::ptrdiff_t>(at) : 0;
}

/// Computes out[i · stride + j] = <a[i], b[j]>.
/// in_order: whether the rows of `a` are contiguous in memory, so that later rows can be prefetched. following: whether
/// more rows follow them in memory.
template <class B>
void panel(const float* const* a, std::size_t rows, bool in_order, bool following, const B* const* b, std::size_t columns,
           std::size_t dims, double* out, std::size_t stride) {
  for (std::size_t at = 0; at < dims; at += kPanelDims) {
    const std::size_t count = least(kPanelDims, dims - at);
    std::size_t row = 0;
    for (; row + kTileRows <= rows; row += kTileRows) {
      const std::ptrdiff_t ahead = in_order ? ahead_of(row, rows, at, dims, following) : 0;
      row_of_tiles<kTileRows>(a + row, ahead, b, columns, at, count, out + row * stride, stride);
    }
    for (; row < rows; ++row) row_of_tiles<1>(a + row, 0, b, columns, at, count, out + row * stride, stride);
  }
}

/// Number of rows that `outer_tile` computes at a time, each with kOuterPanel columns. The sums fill eight registers.
constexpr std::size_t kOuterRows = kWidth;

/// Computes one tile: out[i + k][j + c] += scale · Σ_r x[r][i + k] x[r][j + c] for k < Rows and c < kOuterPanel.
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

template <class X>
SHIFTSCOPE_INLINE void add_any_scaled(double* y, const X* x, double scale, std::size_t count) {
  const Doubles factor = Doubles::fill(scale);
  std::size_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    Doubles sum = Doubles::load(y + i);
    sum.add_product(read(x + i), factor);
    sum.store(y + i);
  }
  for (; i < count; ++i) y[i] += scale * x[i];
}

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
      panel(a, height, true, row + height < rows, b, count, dims, out + row * problems + first, problems);
    }
  }
}

void scalar_products(const float* const* a, std::size_t a_count, const float* const* b, std::size_t b_count,
                     std::size_t dims, double* out, std::size_t stride) {
  panel(a, a_count, false, false, b, b_count, dims, out, stride);
}

void add_outer_products(const double* x, std::size_t count, std::size_t begin, std::size_t end, std::size_t stride,
                        double scale, double* out) {
  // The outer loop is over panels of columns. Each panel is read only once, and the rows stay in the caches.
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
  double sum = (sums[0].total() + sums[1].total()) + (sums[2].total() + sums[3].total());
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

void add_scaled(double* y, const double* x, double scale, std::size_t count) { add_any_scaled(y, x, scale, count); }

void add_scaled_floats(double* y, const float* x, double scale, std::size_t count) { add_any_scaled(y, x, scale, count); }

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

}  // namespace

SvmKernels level_kernels() {
  return {decision_values, scalar_products, add_outer_products, dot, add_scaled, add_scaled_floats, add_four_scaled,
          add_scaled_difference};
}

}  // namespace shiftscope::SHIFTSCOPE_LEVEL
