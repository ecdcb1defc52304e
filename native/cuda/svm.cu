#include "svm.h"

#include <algorithm>

#include "../core/parallel.h"
#include "row_products.h"
#include "tile_products.h"
#include "workspace.h"

namespace shiftscope::SHIFTSCOPE_CUDA {
namespace {

/// Number of vectors per pass over the features: as many as a study has problems per layer (2 tasks, 5 folds).
constexpr int kGroup = 10;

/// Number of rows per warp. With ten vectors, there are not enough registers for more rows. With one vector, a warp has
/// fewer rows, so that even a few samples occupy many warps.
template <int Vectors>
constexpr int kRows = Vectors == 1 ? 2 : 4;

/// Number of scalar products that are fetched at a time. They are 8 MiB, which the bus transfers in about a
/// millisecond.
constexpr std::size_t kStripProducts = std::size_t{1} << 20;

constexpr unsigned kScanBlocks = 1024;

struct ProductsJob {
  FeatureRows features;
  const double* vectors;  ///< [Vectors, dims]; vectors from vector_count on are zero
  std::size_t vector_count;
  double* out;  ///< [vector_count, features.count]
};

template <int Vectors, int Width>
__global__ void __launch_bounds__(kThreads, 2) products_kernel(ProductsJob job) {
  constexpr int kRowsOfWarp = kRows<Vectors>;
  const std::size_t first = first_row<kRowsOfWarp>();
  double products[kRowsOfWarp][Vectors];
  row_products<kRowsOfWarp, Vectors, false, Width>(job.features, job.vectors, first, products);
  const unsigned lane = threadIdx.x % kWarpSize;
#pragma unroll
  for (unsigned r = 0; r < kRowsOfWarp; ++r) {
    if (lane != r || first + r >= job.features.count) continue;
#pragma unroll
    for (int v = 0; v < Vectors; ++v) {
      if (static_cast<std::size_t>(v) < job.vector_count) job.out[v * job.features.count + first + r] = products[r][v];
    }
  }
}

struct TilesJob {
  FeatureRows features;
  unsigned begin, rows;  ///< first row of the product matrix to compute; number of rows
  std::size_t size;      ///< rows and columns of that matrix
  double* out;           ///< [rows, size]; written on and left of the diagonal
};

/// Computes scalar products of samples (SampleSide), or of dims, with a constant 1 after the last dim (DimSide).
template <class Side>
__global__ void __launch_bounds__(kThreads) tiles_kernel(TilesJob job) {
  const unsigned top = job.begin + blockIdx.x * kTile, left = blockIdx.y * kTile;
  if (left >= top + kTile) return;
  const Side rows(job.features, top), columns(job.features, left);
  tile_products(rows, columns, Side::terms(job.features), [&](unsigned row, unsigned column, double sum) {
    const unsigned i = top + row, j = left + column;
    if (i < job.begin + job.rows && j <= i) job.out[(i - job.begin) * job.size + j] = sum;
  });
}

struct WeightedJob {
  FeatureRows features;
  const double* factors;  ///< [features.count]
  double* out;            ///< [dims]
};

/// Computes the weighted sum of the rows. Each block handles kWarpSize dims, and its warps share the rows.
__global__ void __launch_bounds__(kThreads) weighted_rows_kernel(WeightedJob job) {
  __shared__ double partial[kWarps][kWarpSize];
  const unsigned lane = threadIdx.x % kWarpSize, warp = threadIdx.x / kWarpSize, d = blockIdx.x * kWarpSize + lane;
  double sum = 0;
  if (d < job.features.dims) {
#pragma unroll 4
    for (std::size_t i = warp; i < job.features.count; i += kWarps) {
      sum = __fma_rn(static_cast<double>(job.features.row(i)[d]), job.factors[i], sum);
    }
  }
  partial[warp][lane] = sum;
  __syncthreads();
  if (warp > 0 || d >= job.features.dims) return;
  double total = 0;
  for (int w = 0; w < kWarps; ++w) total += partial[w][lane];
  job.out[d] = total;
}

/// Lowers *first to the smallest index of a value that is not finite.
__global__ void __launch_bounds__(kThreads)
    first_not_finite_kernel(const float* values, std::size_t count, unsigned long long* first) {
  const std::size_t step = static_cast<std::size_t>(gridDim.x) * kThreads;
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * kThreads + threadIdx.x; i < count; i += step) {
    if ((__float_as_uint(values[i]) & 0x7f800000u) == 0x7f800000u) atomicMin(first, static_cast<unsigned long long>(i));
  }
}

template <int Vectors>
void launch_products(const Stream& stream, const ProductsJob& job) {
  const auto kernel = reads_pairs(job.features.data, job.features.dims) ? products_kernel<Vectors, 2>
                                                                        : products_kernel<Vectors, 1>;
  launch(stream, kernel, dim3(row_blocks<kRows<Vectors>>(job.features)), job);
}

class DeviceSvmFeatures : public SvmFeatures {
 public:
  explicit DeviceSvmFeatures(const Features& features) : features_(features), workspaces_(features.device()) {}

  std::size_t rows() const override { return features_.rows(); }
  std::size_t dims() const override { return features_.dims(); }

  void products(const double* vectors, std::size_t count, std::size_t stride, std::size_t threads,
                double* const* out) const override {
    const auto members = [&](std::size_t group) { return std::min<std::size_t>(kGroup, count - group * kGroup); };
    const auto start = [&](Workspace& workspace, std::size_t group) {
      workspace.operands.reserve(kGroup * dims());
      double* const operands = workspace.operands.host();
      for (std::size_t v = 0; v < members(group); ++v) {
        std::copy_n(vectors + (group * kGroup + v) * stride, dims(), operands + v * dims());
      }
      std::fill(operands + members(group) * dims(), operands + kGroup * dims(), 0.0);
      workspace.operands.send(kGroup * dims(), workspace.stream);
      workspace.results.reserve(members(group) * rows());
      launch_products<kGroup>(workspace.stream, {all_rows(), workspace.operands.device(), members(group),
                                                 workspace.results.device()});
      workspace.results.fetch(members(group) * rows(), workspace.stream);
    };
    const auto finish = [&](Workspace& workspace, std::size_t group) {
      const double* results = workspace.results.host();
      for_each_piece(members(group), 1, threads, [&](std::size_t, std::size_t v, std::size_t) {
        std::copy_n(results + v * rows(), rows(), out[group * kGroup + v]);
      });
    };
    in_turns(workspaces_, blocks_for(count, kGroup), start, finish);
  }

  void products_of(const std::vector<std::uint32_t>& samples, const double* vector, double* out) const override {
    const Workspaces::Lease workspace(workspaces_);
    workspace->operands.send(vector, dims(), workspace->stream);
    workspace->samples.send(samples.data(), samples.size(), workspace->stream);
    workspace->results.reserve(samples.size());
    launch_products<1>(workspace->stream, {rows_of(*workspace, samples.size()), workspace->operands.device(), 1,
                                           workspace->results.device()});
    workspace->results.fetch(samples.size(), workspace->stream);
    workspace->stream.synchronise();
    std::copy_n(workspace->results.host(), samples.size(), out);
  }

  void fill_gram(const std::vector<std::uint32_t>& samples, std::size_t begin, std::size_t threads, double* out,
                 std::size_t stride) const override {
    symmetric_products<SampleSide>(samples, begin, samples.size(), threads, [&](std::size_t i, std::size_t j, double sum) {
      out[i * stride + j] = out[j * stride + i] = sum;
    });
  }

  void add_rows(const std::vector<SvmTerm>& terms, double* target) const override {
    if (terms.empty()) return;
    const Workspaces::Lease workspace(workspaces_);
    workspace->operands.reserve(terms.size());
    workspace->samples.reserve(terms.size());
    for (std::size_t i = 0; i < terms.size(); ++i) {
      workspace->operands.host()[i] = terms[i].factor;
      workspace->samples.host()[i] = terms[i].sample;
    }
    workspace->operands.send(terms.size(), workspace->stream);
    workspace->samples.send(terms.size(), workspace->stream);
    workspace->results.reserve(dims());
    const WeightedJob job{rows_of(*workspace, terms.size()), workspace->operands.device(), workspace->results.device()};
    launch(workspace->stream, weighted_rows_kernel, dim3(blocks_for(dims(), kWarpSize)), job);
    workspace->results.fetch(dims(), workspace->stream);
    workspace->stream.synchronise();
    for (std::size_t d = 0; d < dims(); ++d) target[d] += workspace->results.host()[d];
  }

  void add_outer_products(const std::vector<std::uint32_t>& samples, double scale, std::size_t threads, double* out,
                          std::size_t stride) const override {
    symmetric_products<DimSide>(samples, 0, dims() + 1, threads, [&](std::size_t i, std::size_t j, double sum) {
      out[j * stride + i] += scale * sum;
    });
  }

  std::optional<std::size_t> first_not_finite() const override {
    use(features_.device());
    const Stream stream;
    LeastIndex first(stream);
    const std::size_t count = rows() * dims();
    const dim3 grid(std::min(kScanBlocks, blocks_for(count, kThreads)));
    launch(stream, first_not_finite_kernel, grid, features_.data(), count, first.data());
    const unsigned long long index = first.get();
    if (index == LeastIndex::kNone) return std::nullopt;
    return static_cast<std::size_t>(index) / dims();
  }

 private:
  FeatureRows all_rows() const { return {features_.data(), nullptr, rows(), static_cast<unsigned>(dims())}; }

  /// The `count` rows of features whose indices have been sent to the workspace.
  FeatureRows rows_of(Workspace& workspace, std::size_t count) const {
    return {features_.data(), workspace.samples.device(), count, static_cast<unsigned>(dims())};
  }

  /// Computes rows `begin` to `size` of a symmetric matrix of products, [size, size]. Calls take(i, j, sum) for each
  /// element on or left of the diagonal, tile by tile. So a `take` that writes to columns stays within the caches.
  template <class Side, class Take>
  void symmetric_products(const std::vector<std::uint32_t>& samples, std::size_t begin, std::size_t size,
                          std::size_t threads, const Take& take) const {
    const std::size_t height = std::max<std::size_t>(1, kStripProducts / std::max<std::size_t>(1, size) / kTile) * kTile;
    const auto first = [&](std::size_t strip) { return begin + strip * height; };
    const auto last = [&](std::size_t strip) { return std::min(first(strip) + height, size); };
    const auto start = [&](Workspace& workspace, std::size_t strip) {
      const std::size_t count = last(strip) - first(strip);
      workspace.samples.send(samples.data(), samples.size(), workspace.stream);
      workspace.results.reserve(count * size);
      const TilesJob job{rows_of(workspace, samples.size()), static_cast<unsigned>(first(strip)),
                         static_cast<unsigned>(count), size, workspace.results.device()};
      launch(workspace.stream, tiles_kernel<Side>, dim3(blocks_for(count, kTile), blocks_for(last(strip), kTile)), job);
      workspace.results.fetch(count * size, workspace.stream);
    };
    const auto finish = [&](Workspace& workspace, std::size_t strip) {
      const double* products = workspace.results.host();
      for_each_piece(last(strip) - first(strip), kTile, threads, [&](std::size_t, std::size_t top, std::size_t bottom) {
        for (std::size_t left = 0; left < first(strip) + bottom; left += kTile) {
          for (std::size_t r = top; r < bottom; ++r) {
            const std::size_t i = first(strip) + r;
            for (std::size_t j = left; j < std::min<std::size_t>(left + kTile, i + 1); ++j) take(i, j, products[r * size + j]);
          }
        }
      });
    };
    in_turns(workspaces_, blocks_for(size - begin, height), start, finish);
  }

  const Features& features_;
  mutable Workspaces workspaces_;
};

}  // namespace

std::unique_ptr<SvmFeatures> svm_features(const Features& features) {
  return std::make_unique<DeviceSvmFeatures>(features);
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
