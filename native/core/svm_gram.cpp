#include "svm_gram.h"

#include <algorithm>
#include <cstring>

#include "parallel.h"

namespace shiftscope {
namespace {

constexpr std::size_t kBlock = 64;

struct Block {
  std::size_t row, column;
};

}  // namespace

GramMatrix::GramMatrix(const float* features, std::size_t rows, std::size_t dims, std::size_t capacity,
                       const SvmKernels& kernels)
    : features_(features),
      dims_(dims),
      capacity_(std::min(rows, capacity)),
      kernels_(kernels),
      slots_(rows, kNoSlot) {}

void GramMatrix::reserve(std::size_t slots) {
  if (slots <= stride_) return;
  const std::size_t stride = std::min(capacity_, std::max(2 * slots, std::size_t{2048}));
  // Not value-initialised: pages that no slot needs are never touched.
  std::unique_ptr<double[]> products(new double[stride * stride]);
  for (std::size_t slot = 0; slot < size(); ++slot) {
    std::memcpy(products.get() + slot * stride, row(slot), size() * sizeof(double));
  }
  products_ = std::move(products);
  stride_ = stride;
}

void GramMatrix::extend(const std::vector<std::uint32_t>& samples, std::size_t threads) {
  const std::size_t begin = size();
  reserve(begin + samples.size());
  for (std::uint32_t sample : samples) {
    slots_[sample] = static_cast<std::uint32_t>(samples_.size());
    samples_.push_back(sample);
  }
  fill(begin, threads);
}

void GramMatrix::fill(std::size_t begin, std::size_t threads) {
  std::vector<const float*> rows(size());
  for (std::size_t slot = 0; slot < size(); ++slot) rows[slot] = features_ + samples_[slot] * dims_;
  std::vector<Block> blocks;
  for (std::size_t row = begin; row < size(); row += kBlock) {
    const std::size_t end = std::min(row + kBlock, size());
    for (std::size_t column = 0; column < end; column += kBlock) blocks.push_back({row, column});
  }
  for_each_piece(blocks.size(), 1, threads, [&](std::size_t, std::size_t first, std::size_t last) {
    for (std::size_t b = first; b < last; ++b) {
      const auto [row, column] = blocks[b];
      const std::size_t height = std::min(kBlock, size() - row);
      const std::size_t width = std::min(kBlock, row + height - column);
      double tile[kBlock * kBlock];
      kernels_.scalar_products(rows.data() + row, height, rows.data() + column, width, dims_, tile, width);
      // Only j <= i is kept, so that the two halves agree to the last bit.
      for (std::size_t i = 0; i < height; ++i) {
        for (std::size_t j = 0; j < width && column + j <= row + i; ++j) {
          products_[(row + i) * stride_ + column + j] = tile[i * width + j];
          products_[(column + j) * stride_ + row + i] = tile[i * width + j];
        }
      }
    }
  });
}

void GramMatrix::clear() {
  for (std::uint32_t sample : samples_) slots_[sample] = kNoSlot;
  samples_.clear();
}

}  // namespace shiftscope
