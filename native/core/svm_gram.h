#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "svm_features.h"

namespace shiftscope {

/// The scalar products between all pairs of the samples that were added. The slot of a sample is the index of its row
/// and its column in this matrix. Slots do not change until `clear`.
class GramMatrix {
 public:
  /// capacity: largest number of slots. `features` must outlive this object.
  GramMatrix(const SvmFeatures& features, std::size_t capacity);

  static constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};

  std::size_t size() const { return samples_.size(); }
  std::size_t capacity() const { return capacity_; }
  const std::vector<std::uint32_t>& samples() const { return samples_; }
  std::uint32_t slot_of(std::size_t sample) const { return slots_[sample]; }

  /// Scalar products of the sample at `slot` with the samples at all slots, [size()].
  const double* row(std::size_t slot) const { return products_.get() + slot * stride_; }

  /// Gives slots to samples that have none yet. The capacity must suffice.
  void extend(const std::vector<std::uint32_t>& samples, std::size_t threads);

  void clear();

 private:
  void reserve(std::size_t slots);

  const SvmFeatures& features_;
  std::size_t capacity_, stride_ = 0;
  std::unique_ptr<double[]> products_;
  std::vector<std::uint32_t> samples_, slots_;
};

}  // namespace shiftscope
