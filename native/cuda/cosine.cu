#include "cosine.h"

#include <cmath>
#include <vector>

#include "row_products.h"

namespace shiftscope::SHIFTSCOPE_CUDA {
namespace {

/// Anchors that one reading of the features serves: as many as the protocol has.
constexpr int kGroup = 5;

/// Rows of a warp: with six sums each, as many as the registers hold.
constexpr int kRows = 4;

/// Every bit set: larger than what any row gives.
constexpr unsigned long long kNoFault = ~0ull;

struct CosineJob {
  FeatureRows features;
  const void* anchors;  ///< operands, [kGroup, dims]
  const double* inverse_norms;
  std::size_t anchor_count;  ///< of the group
  float* out;                ///< [anchor_count, rows]
  unsigned long long* first_fault;
};

__device__ CosineFault::Reason reason_of(double squared_norm) {
  if (squared_norm > 0) return isinf(squared_norm) ? CosineFault::Reason::infinite : CosineFault::Reason::none;
  return squared_norm == 0 ? CosineFault::Reason::zero : CosineFault::Reason::not_a_number;
}

/// The sums of one row in float64, whatever its range. All lanes of the warp take part.
template <class Operand>
__device__ void exact_products(const float* row, unsigned dims, const Operand* anchors, double (&sums)[1 + kGroup]) {
  for (double& sum : sums) sum = 0;
  for (unsigned d = threadIdx.x % kWarpSize; d < dims; d += kWarpSize) {
    const double x = row[d];
    sums[0] = __fma_rn(x, x, sums[0]);
    for (int a = 0; a < kGroup; ++a) {
      const Operand anchor = anchors[static_cast<std::size_t>(a) * dims + d];
      sums[1 + a] = __fma_rn(x, CompensatedSum::value_of(anchor), sums[1 + a]);
    }
  }
  for (double& sum : sums) sum = warp_sum(sum);
}

template <class Sum, int Width>
__global__ void __launch_bounds__(kThreads, 2) cosine_kernel(CosineJob job) {
  const auto* anchors = static_cast<const typename Sum::Operand*>(job.anchors);
  const std::size_t first = first_row<kRows>();
  double sums[kRows][1 + kGroup];
  row_products<Sum, kRows, kGroup, true, Width>(job.features, anchors, first, sums);
  if constexpr (!Sum::kAnyRange) {
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      // Between these no square that matters has left the range of float32, and neither has a product with an anchor,
      // whose largest element is between a half and one.
      if (sums[r][0] >= 0x1p-60 && sums[r][0] <= 0x1p100) continue;
      exact_products(job.features.row(min(first + r, job.features.count - 1)), job.features.dims, anchors, sums[r]);
    }
  }
  // Lane r finishes row r: square roots and divisions in float64 are slow.
  const unsigned lane = threadIdx.x % kWarpSize;
  double mine[1 + kGroup];
#pragma unroll
  for (int s = 0; s < 1 + kGroup; ++s) {
    mine[s] = sums[0][s];
#pragma unroll
    for (unsigned r = 1; r < kRows; ++r) mine[s] = lane == r ? sums[r][s] : mine[s];
  }
  const std::size_t row = first + lane;
  if (lane >= kRows || row >= job.features.count) return;
  const CosineFault::Reason reason = reason_of(mine[0]);
  if (reason != CosineFault::Reason::none) atomicMin(job.first_fault, 4ull * row + static_cast<unsigned>(reason));
  const double inverse_norm = 1 / sqrt(mine[0]);
#pragma unroll
  for (int a = 0; a < kGroup; ++a) {
    if (static_cast<std::size_t>(a) >= job.anchor_count) break;
    const double cosine = mine[1 + a] * (inverse_norm * job.inverse_norms[a]);
    job.out[static_cast<std::size_t>(a) * job.features.count + row] = static_cast<float>(cosine);
  }
}

/// Anchors in float64, scaled by powers of two so that the largest element is between a half and one: cosines stay.
struct ScaledAnchors {
  std::vector<double> values;  ///< [padded_count, dims], zero beyond count
  std::vector<double> inverse_norms;
  CosineFault fault;

  ScaledAnchors(const float* anchors, std::size_t count, std::size_t padded_count, std::size_t dims)
      : values(padded_count * dims), inverse_norms(padded_count) {
    for (std::size_t a = 0; a < count && fault.reason == CosineFault::Reason::none; ++a) {
      scale(anchors + a * dims, dims, a);
    }
  }

 private:
  void scale(const float* anchor, std::size_t dims, std::size_t index) {
    float largest = 0;
    for (std::size_t d = 0; d < dims; ++d) {
      if (std::isnan(anchor[d])) return report(CosineFault::Reason::not_a_number, index);
      largest = std::fmax(largest, std::fabs(anchor[d]));
    }
    if (std::isinf(largest)) return report(CosineFault::Reason::infinite, index);
    if (largest == 0) return report(CosineFault::Reason::zero, index);
    int exponent = 0;
    std::frexp(largest, &exponent);
    double squared_norm = 0;
    for (std::size_t d = 0; d < dims; ++d) {
      const double value = std::ldexp(static_cast<double>(anchor[d]), -exponent);
      values[index * dims + d] = value;
      squared_norm += value * value;
    }
    inverse_norms[index] = 1 / std::sqrt(squared_norm);
  }

  void report(CosineFault::Reason reason, std::size_t index) { fault = {reason, true, index}; }
};

template <class Sum>
std::vector<typename Sum::Operand> operands_of(const std::vector<double>& values) {
  std::vector<typename Sum::Operand> operands(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) operands[i] = Sum::operand(values[i]);
  return operands;
}

template <class Sum>
void launch_cosines(const Stream& stream, const CosineJob& job) {
  const auto kernel = reads_pairs(job.features.data, job.features.dims) ? cosine_kernel<Sum, 2> : cosine_kernel<Sum, 1>;
  launch(stream, kernel, dim3(row_blocks<kRows>(job.features)), job);
}

}  // namespace

Cosines::Cosines(const Features& features, const float* anchors, std::size_t anchor_count)
    : features_(features), anchor_count_(anchor_count), groups_(std::max<std::size_t>(1, blocks_for(anchor_count, kGroup))) {
  const std::size_t padded = groups_ * kGroup;
  const ScaledAnchors scaled(anchors, anchor_count, padded, features.dims());
  fault_ = scaled.fault;
  if (fault_.reason != CosineFault::Reason::none) return;
  use(features.device());
  const Stream stream;
  inverse_norms_.assign(scaled.inverse_norms, stream);
  const auto send = [&](const auto& operands) {
    anchors_.assign(reinterpret_cast<const char*>(operands.data()), operands.size() * sizeof(operands[0]), stream);
  };
  if (features.arithmetic() == Arithmetic::float64) {
    send(operands_of<Float64Sum>(scaled.values));
  } else {
    send(operands_of<CompensatedSum>(scaled.values));
  }
  similarities_.resize(std::max<std::size_t>(1, anchor_count * features.rows()));
  first_fault_.resize(1);
  stream.synchronise();
}

void Cosines::compute(const Stream& stream) {
  if (fault_.reason != CosineFault::Reason::none) return;
  use(features_.device());
  first_fault_.fill(0xff, stream);
  const bool float64 = features_.arithmetic() == Arithmetic::float64;
  const std::size_t operand_bytes = float64 ? sizeof(Float64Sum::Operand) : sizeof(CompensatedSum::Operand);
  for (std::size_t group = 0; group < groups_; ++group) {
    const std::size_t first = group * kGroup;
    const CosineJob job{{features_.data(), nullptr, features_.rows(), static_cast<unsigned>(features_.dims())},
                        anchors_.data() + first * features_.dims() * operand_bytes,
                        inverse_norms_.data() + first,
                        std::min<std::size_t>(kGroup, anchor_count_ - std::min(anchor_count_, first)),
                        similarities_.data() + first * features_.rows(),
                        first_fault_.data()};
    float64 ? launch_cosines<Float64Sum>(stream, job) : launch_cosines<CompensatedSum>(stream, job);
  }
}

CosineFault Cosines::result(const Stream& stream, float* out) const {
  if (fault_.reason != CosineFault::Reason::none) return fault_;
  unsigned long long first_fault = kNoFault;
  first_fault_.copy_to(&first_fault, stream);
  download(out, similarities_.data(), anchor_count_ * features_.rows() * sizeof(float), stream);
  stream.synchronise();
  if (first_fault == kNoFault) return {};
  return {static_cast<CosineFault::Reason>(first_fault % 4), false, static_cast<std::size_t>(first_fault / 4)};
}

CosineFault cosine_similarity(const Features& features, const float* anchors, std::size_t anchor_count, float* out) {
  use(features.device());
  const Stream stream;
  Cosines cosines(features, anchors, anchor_count);
  cosines.compute(stream);
  return cosines.result(stream, out);
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
