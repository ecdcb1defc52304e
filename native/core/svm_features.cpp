#include "svm_features.h"

#include <algorithm>
#include <cmath>

#include "parallel.h"

namespace shiftscope {
namespace {

constexpr std::size_t kPieceRows = 128;
constexpr std::size_t kStripRows = 32;
constexpr std::size_t kBlock = 64;

struct Block {
  std::size_t row, column;
};

}  // namespace

SvmKernels svm_kernels(InstructionSet level) {
  constexpr decltype(&baseline::level_kernels) kernels_of[] = SHIFTSCOPE_LEVEL_TABLE(level_kernels);
  return kernels_of[static_cast<int>(level)]();
}

void HostFeatures::products(const double* vectors, std::size_t count, std::size_t stride, std::size_t threads,
                            double* const* out) const {
  std::vector<double> sums_of_workers(worker_count(rows_, kPieceRows, threads) * kPieceRows * count);
  for_each_piece(rows_, kPieceRows, threads, [&](std::size_t worker, std::size_t begin, std::size_t end) {
    double* sums = sums_of_workers.data() + worker * kPieceRows * count;
    kernels_.decision_values(row(begin), end - begin, dims_, vectors, count, stride, sums);
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t v = 0; v < count; ++v) out[v][i] = *sums++;
    }
  });
}

void HostFeatures::products_of(const std::vector<std::uint32_t>& samples, const double* vector, double* out) const {
  const std::size_t stride = (dims_ + 7) / 8 * 8;
  for (std::uint32_t sample : samples) kernels_.decision_values(row(sample), 1, dims_, vector, 1, stride, out++);
}

void HostFeatures::fill_gram(const std::vector<std::uint32_t>& samples, std::size_t begin, std::size_t threads,
                             double* out, std::size_t stride) const {
  const std::size_t size = samples.size();
  std::vector<const float*> rows(size);
  for (std::size_t i = 0; i < size; ++i) rows[i] = row(samples[i]);
  std::vector<Block> blocks;
  for (std::size_t row = begin; row < size; row += kBlock) {
    const std::size_t end = std::min(row + kBlock, size);
    for (std::size_t column = 0; column < end; column += kBlock) blocks.push_back({row, column});
  }
  for_each_piece(blocks.size(), 1, threads, [&](std::size_t, std::size_t first, std::size_t last) {
    for (std::size_t b = first; b < last; ++b) {
      const auto [row, column] = blocks[b];
      const std::size_t height = std::min(kBlock, size - row);
      const std::size_t width = std::min(kBlock, row + height - column);
      double tile[kBlock * kBlock];
      kernels_.scalar_products(rows.data() + row, height, rows.data() + column, width, dims_, tile, width);
      // Each product is computed once and written to both halves of the matrix, so that these agree to the last bit.
      for (std::size_t i = 0; i < height; ++i) {
        for (std::size_t j = 0; j < width && column + j <= row + i; ++j) {
          out[(row + i) * stride + column + j] = tile[i * width + j];
          out[(column + j) * stride + row + i] = tile[i * width + j];
        }
      }
    }
  });
}

void HostFeatures::add_rows(const std::vector<SvmTerm>& terms, double* target) const {
  for (const auto& [sample, factor] : terms) kernels_.add_scaled_floats(target, row(sample), factor, dims_);
}

void HostFeatures::add_outer_products(const std::vector<std::uint32_t>& samples, double scale, std::size_t threads,
                                      double* out, std::size_t stride) const {
  std::vector<double> piece(kPieceRows * stride);
  for (std::size_t first = 0; first < samples.size(); first += kPieceRows) {
    const std::size_t count = std::min(kPieceRows, samples.size() - first);
    for (std::size_t r = 0; r < count; ++r) {
      const float* x = row(samples[first + r]);
      for (std::size_t d = 0; d < dims_; ++d) piece[outer_index(r, d, count)] = x[d];
      for (std::size_t d = dims_; d < stride; ++d) piece[outer_index(r, d, count)] = d == dims_;
    }
    for_each_piece(dims_ + 1, kStripRows, threads, [&](std::size_t, std::size_t begin, std::size_t end) {
      kernels_.add_outer_products(piece.data(), count, begin, end, stride, scale, out);
    });
  }
}

std::optional<std::size_t> HostFeatures::first_not_finite() const {
  for (std::size_t i = 0; i < rows_ * dims_; ++i) {
    if (!std::isfinite(features_[i])) return i / dims_;
  }
  return std::nullopt;
}

}  // namespace shiftscope
