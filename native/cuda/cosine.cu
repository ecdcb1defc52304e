#include "cosine.h"

#include <cmath>
#include <vector>

#include "memory.h"
#include "row_products.h"
#include "stream.h"

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
  const double* anchors;  ///< [kGroup, dims]
  const double* inverse_norms;
  std::size_t anchor_count;  ///< of the group
  float* out;                ///< [anchor_count, rows]
  unsigned long long* first_fault;  ///< 4 · row + reason
};

__device__ CosineFault::Reason reason_of(double squared_norm) {
  if (squared_norm > 0) return isinf(squared_norm) ? CosineFault::Reason::infinite : CosineFault::Reason::none;
  return squared_norm == 0 ? CosineFault::Reason::zero : CosineFault::Reason::not_a_number;
}

template <int Width>
__global__ void __launch_bounds__(kThreads, 2) cosine_kernel(CosineJob job) {
  const std::size_t first = first_row<kRows>();
  double sums[kRows][1 + kGroup];
  row_products<kRows, kGroup, true, Width>(job.features, job.anchors, first, sums);
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

void launch_cosines(const Stream& stream, const CosineJob& job) {
  const auto kernel = reads_pairs(job.features.data, job.features.dims) ? cosine_kernel<2> : cosine_kernel<1>;
  launch(stream, kernel, dim3(row_blocks<kRows>(job.features)), job);
}

}  // namespace

CosineFault cosine_similarity(const Features& features, const float* anchors, std::size_t anchor_count, float* out) {
  const std::size_t rows = features.rows(), dims = features.dims();
  const std::size_t groups = std::max<std::size_t>(1, blocks_for(anchor_count, kGroup));
  const ScaledAnchors scaled(anchors, anchor_count, groups * kGroup, dims);
  if (scaled.fault.reason != CosineFault::Reason::none) return scaled.fault;
  use(features.device());
  const Stream stream;
  Array<double> vectors, inverse_norms;
  vectors.assign(scaled.values, stream);
  inverse_norms.assign(scaled.inverse_norms, stream);
  Array<float> similarities(std::max<std::size_t>(1, anchor_count * rows));
  Array<unsigned long long> fault(1);
  fault.fill(0xff, stream);
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t first = group * kGroup;
    launch_cosines(stream, {{features.data(), nullptr, rows, static_cast<unsigned>(dims)},
                            vectors.data() + first * dims,
                            inverse_norms.data() + first,
                            std::min<std::size_t>(kGroup, anchor_count - first),
                            similarities.data() + first * rows,
                            fault.data()});
  }
  unsigned long long first_fault = kNoFault;
  fault.copy_to(&first_fault, stream);
  download(out, similarities.data(), anchor_count * rows * sizeof(float), stream);
  stream.synchronise();
  if (first_fault == kNoFault) return {};
  return {static_cast<CosineFault::Reason>(first_fault % 4), false, static_cast<std::size_t>(first_fault / 4)};
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
