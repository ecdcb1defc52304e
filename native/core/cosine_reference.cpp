#include <cmath>

#include "cosine.h"

namespace shiftscope {
namespace {

double dot(const float* a, const float* b, std::size_t dims) {
  double sum = 0;
  for (std::size_t i = 0; i < dims; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

CosineFault::Reason reason_of(double squared_norm) {
  if (squared_norm == 0) return CosineFault::Reason::zero;
  if (std::isnan(squared_norm)) return CosineFault::Reason::not_a_number;
  return std::isinf(squared_norm) ? CosineFault::Reason::infinite : CosineFault::Reason::none;
}

}  // namespace

CosineFault cosine_reference(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                             std::size_t anchor_count, float* out) {
  for (std::size_t a = 0; a < anchor_count; ++a) {
    const auto reason = reason_of(dot(anchors + a * dims, anchors + a * dims, dims));
    if (reason != CosineFault::Reason::none) return {reason, true, a};
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const float* feature = features + i * dims;
    const double squared_norm = dot(feature, feature, dims);
    const auto reason = reason_of(squared_norm);
    if (reason != CosineFault::Reason::none) return {reason, false, i};
    for (std::size_t a = 0; a < anchor_count; ++a) {
      const float* anchor = anchors + a * dims;
      out[a * rows + i] = static_cast<float>(dot(feature, anchor, dims) /
                                             (std::sqrt(squared_norm) * std::sqrt(dot(anchor, anchor, dims))));
    }
  }
  return {};
}

}  // namespace shiftscope
