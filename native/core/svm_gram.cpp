#include "svm_gram.h"

#include <algorithm>
#include <cstring>

namespace shiftscope {

GramMatrix::GramMatrix(const SvmFeatures& features, std::size_t capacity)
    : features_(features), capacity_(std::min(features.rows(), capacity)), slots_(features.rows(), kNoSlot) {}

void GramMatrix::reserve(std::size_t slots) {
  if (slots <= stride_) return;
  const std::size_t stride = std::min(capacity_, std::max(2 * slots, std::size_t{2048}));
  // The memory is not initialised, so that the system allocates it only for slots in use.
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
  features_.fill_gram(samples_, begin, threads, products_.get(), stride_);
}

void GramMatrix::clear() {
  for (std::uint32_t sample : samples_) slots_[sample] = kNoSlot;
  samples_.clear();
}

}  // namespace shiftscope
