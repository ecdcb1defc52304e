#include "cosine.h"

#include <algorithm>
#include <vector>

#include "row_products.h"

namespace shiftscope::SHIFTSCOPE_CUDA {
namespace {

/// Number of anchors per pass over the features: as many as Shiftscope uses.
constexpr int kGroup = 5;

/// Number of rows per warp. Each row has six sums, and for more rows there are not enough registers.
constexpr int kRows = 4;

struct CosineJob {
  FeatureRows features;
  const double* anchors;  ///< [kGroup, dims]
  const double* inverse_norms;
  std::size_t anchor_count;  ///< anchors in this pass
  float* out;                ///< [anchor_count, rows]
  unsigned long long* first_fault;  ///< 4 · row + reason of the first row with a fault
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
  // Different lanes finish the rows of a warp at the same time, because square roots and divisions in float64 are slow.
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

void launch_cosines(const Stream& stream, const CosineJob& job) {
  const auto kernel = reads_pairs(job.features.data, job.features.dims) ? cosine_kernel<2> : cosine_kernel<1>;
  launch(stream, kernel, dim3(row_blocks<kRows>(job.features)), job);
}

}  // namespace

CosineFault cosine_similarity(const Features& features, const float* anchors, std::size_t anchor_count, float* out) {
  const std::size_t rows = features.rows(), dims = features.dims();
  const std::size_t groups = std::max<std::size_t>(1, blocks_for(anchor_count, kGroup));
  std::vector<double> values(groups * kGroup * dims), inverses(groups * kGroup);  // zero beyond the anchors
  std::copy_n(anchors, anchor_count * dims, values.begin());
  const CosineFault anchor_fault = invert_norms(anchors, anchor_count, dims, inverses.data());
  if (anchor_fault.reason != CosineFault::Reason::none) return anchor_fault;
  use(features.device());
  const Stream stream;
  const Array<double> vectors(values, stream), inverse_norms(inverses, stream);
  Array<float> similarities(anchor_count * rows);
  LeastIndex fault(stream);
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t first = group * kGroup;
    launch_cosines(stream, {{features.data(), nullptr, rows, static_cast<unsigned>(dims)},
                            vectors.data() + first * dims,
                            inverse_norms.data() + first,
                            std::min<std::size_t>(kGroup, anchor_count - first),
                            similarities.data() + first * rows,
                            fault.data()});
  }
  download(out, similarities.data(), anchor_count * rows, stream);
  const unsigned long long first_fault = fault.get();
  if (first_fault == LeastIndex::kNone) return {};
  return {static_cast<CosineFault::Reason>(first_fault % 4), false, static_cast<std::size_t>(first_fault / 4)};
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
