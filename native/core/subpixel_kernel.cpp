#include "subpixel_kernel.h"

#include "vector.h"

namespace shiftscope::SHIFTSCOPE_LEVEL {
namespace {

// Size of a tile, a block of sums that are computed together. They fit into the vector registers.
#if defined(SHIFTSCOPE_LEVEL_AVX512)
constexpr std::size_t kTileRows = 8, kTileVectors = 3;
#else
constexpr std::size_t kTileRows = 4, kTileVectors = 2;
#endif

template <std::size_t Vectors>
void tile(const ProductJob& job, std::size_t row, std::size_t col) {
  // All loops over sums are unrolled, so that the compiler keeps the sums in registers.
  Floats sums[kTileRows * Vectors];
  unroll<kTileRows * Vectors>([&](auto i) SHIFTSCOPE_INLINE_LAMBDA { sums[i] = Floats::fill(0); });
  const float* left = job.left + static_cast<std::ptrdiff_t>(row) * job.left_row;
  const float* right = job.right + col;
  for (std::size_t step = 0; step < job.steps; ++step, left += job.left_step, right += job.right_step) {
    Floats values[Vectors];
    unroll<Vectors>([&](auto v) SHIFTSCOPE_INLINE_LAMBDA { values[v] = Floats::load(right + v * Floats::width); });
    unroll<kTileRows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA {
      const Floats weight = Floats::fill(left[static_cast<std::ptrdiff_t>(std::size_t{r}) * job.left_row]);
      unroll<Vectors>([&](auto v) SHIFTSCOPE_INLINE_LAMBDA { sums[r * Vectors + v].add_product(weight, values[v]); });
    });
  }
  float* out = job.out + row * job.out_row + col;
  unroll<kTileRows * Vectors>([&](auto i) SHIFTSCOPE_INLINE_LAMBDA {
    sums[i].store(out + i / Vectors * job.out_row + i % Vectors * Floats::width);
  });
}

template <std::size_t Vectors>
void columns(const ProductJob& job, std::size_t col) {
  for (std::size_t row = 0; row < job.rows; row += kTileRows) tile<Vectors>(job, row, col);
}

}  // namespace

void multiply(const ProductJob& job) {
  std::size_t col = 0;
  for (; col + kTileVectors * Floats::width <= job.cols; col += kTileVectors * Floats::width) {
    columns<kTileVectors>(job, col);
  }
  for (; col < job.cols; col += Floats::width) columns<1>(job, col);
}

}  // namespace shiftscope::SHIFTSCOPE_LEVEL
