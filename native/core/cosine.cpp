#include "cosine.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "cosine_kernel.h"
#include "parallel.h"

namespace shiftscope {
namespace {

using DotProducts = void (*)(const float*, std::size_t, std::size_t, const float*, std::size_t, std::size_t, double*);
constexpr DotProducts kDotProducts[] = SHIFTSCOPE_LEVEL_TABLE(dot_products);

constexpr std::size_t kPieceRows = 64;

/// Reason why a vector with this squared norm has no cosine similarity; `none` if there is no such reason. Rounding
/// cannot change the reason, because squares of finite float32 values neither overflow nor vanish in float64.
CosineFault::Reason fault_of(double squared_norm) {
  if (std::isnan(squared_norm)) return CosineFault::Reason::not_a_number;
  if (std::isinf(squared_norm)) return CosineFault::Reason::infinite;
  return squared_norm > 0 ? CosineFault::Reason::none : CosineFault::Reason::zero;
}

/// Collects the faults that threads report, in any order, and keeps the one with the lowest row.
class FirstFault {
 public:
  void report(CosineFault::Reason reason, std::size_t row) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (first_.reason == CosineFault::Reason::none || row < first_.index) first_ = {reason, false, row};
  }
  CosineFault get() const { return first_; }

 private:
  std::mutex mutex_;
  CosineFault first_;
};

}  // namespace

CosineFault invert_norms(const float* anchors, std::size_t anchor_count, std::size_t dims, double* inverse_norms) {
  for (std::size_t a = 0; a < anchor_count; ++a) {
    double squared_norm = 0;
    for (std::size_t d = 0; d < dims; ++d) squared_norm += static_cast<double>(anchors[a * dims + d]) * anchors[a * dims + d];
    inverse_norms[a] = 1 / std::sqrt(squared_norm);
    const CosineFault::Reason reason = fault_of(squared_norm);
    if (reason != CosineFault::Reason::none) return {reason, true, a};
  }
  return {};
}

CosineFault cosine_similarity(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                              std::size_t anchor_count, std::size_t threads, float* out, InstructionSet level) {
  // The kernels read anchors in blocks of 8 floats, so each anchor is padded with zeros.
  const std::size_t padded_dims = (dims + 7) / 8 * 8;
  std::vector<float> padded(anchor_count * padded_dims);
  for (std::size_t a = 0; a < anchor_count; ++a) std::copy_n(anchors + a * dims, dims, padded.data() + a * padded_dims);
  std::vector<double> inverse_norms(anchor_count);
  const CosineFault anchor_fault = invert_norms(anchors, anchor_count, dims, inverse_norms.data());
  if (anchor_fault.reason != CosineFault::Reason::none) return anchor_fault;

  const DotProducts dot_products = kDotProducts[static_cast<int>(level)];
  const std::size_t sums_per_row = 1 + anchor_count;
  const std::size_t sums_per_worker = std::min(rows, kPieceRows) * sums_per_row;
  std::vector<double> sums_of_workers(worker_count(rows, kPieceRows, threads) * sums_per_worker);
  FirstFault fault;
  for_each_piece(rows, kPieceRows, threads, [&](std::size_t worker, std::size_t begin, std::size_t end) {
    double* sums = sums_of_workers.data() + worker * sums_per_worker;
    dot_products(features + begin * dims, end - begin, dims, padded.data(), anchor_count, padded_dims, sums);
    for (std::size_t row = begin; row < end; ++row, sums += sums_per_row) {
      const CosineFault::Reason reason = fault_of(sums[0]);
      if (reason != CosineFault::Reason::none) fault.report(reason, row);
      const double inverse_norm = 1 / std::sqrt(sums[0]);
      for (std::size_t a = 0; a < anchor_count; ++a) {
        out[a * rows + row] = static_cast<float>(sums[1 + a] * (inverse_norm * inverse_norms[a]));
      }
    }
  });
  return fault.get();
}

}  // namespace shiftscope
