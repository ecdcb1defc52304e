#include "svm.h"

#include <algorithm>

#include "../core/parallel.h"
#include "row_products.h"
#include "tile_products.h"

namespace shiftscope::SHIFTSCOPE_CUDA {
namespace {

/// Vectors that one reading of the features serves: a unit's problems.
constexpr int kGroup = 10;

/// Rows of a warp: with ten sums each, as many as the registers hold; with one, few, so that a few samples have many warps.
template <int Vectors>
constexpr int kRows = Vectors == 1 ? 2 : 4;

/// Products that are fetched at a time: 8 MiB, a millisecond of the bus or less.
constexpr std::size_t kStripProducts = std::size_t{1} << 20;

/// Most blocks of the kernel that looks at every feature once.
constexpr unsigned kScanBlocks = 1024;

struct ProductsJob {
  FeatureRows features;
  const double* vectors;  ///< [the kernel's vectors, dims]
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

struct GramJob {
  FeatureRows features;  ///< with all samples
  unsigned begin, rows;  ///< of the products
  double* out;           ///< [rows, samples], on and left of the diagonal
};

__global__ void __launch_bounds__(kThreads) gram_kernel(GramJob job) {
  const unsigned left = job.begin + blockIdx.x * kTile, right = blockIdx.y * kTile;
  if (right >= left + kTile) return;
  const SampleSide rows(job.features, left), columns(job.features, right);
  tile_products(rows, columns, job.features.dims, [&](unsigned row, unsigned column, double sum) {
    const unsigned i = left + row, j = right + column;
    if (i < job.begin + job.rows && j <= i) job.out[(i - job.begin) * job.features.count + j] = sum;
  });
}

struct OuterJob {
  FeatureRows features;
  unsigned begin, rows;  ///< of the products
  double* out;           ///< [rows, dims + 1], on and right of the diagonal
};

__global__ void __launch_bounds__(kThreads) outer_kernel(OuterJob job) {
  const std::size_t size = static_cast<std::size_t>(job.features.dims) + 1;
  const unsigned left = job.begin + blockIdx.x * kTile, right = blockIdx.y * kTile;
  if (right + kTile <= left) return;
  const DimSide rows(job.features, left), columns(job.features, right);
  tile_products(rows, columns, job.features.count, [&](unsigned row, unsigned column, double sum) {
    const unsigned i = left + row, j = right + column;
    if (i < job.begin + job.rows && i <= j && j < size) job.out[(i - job.begin) * size + j] = sum;
  });
}

struct WeightedJob {
  FeatureRows features;
  const double* factors;  ///< [features.count]
  double* out;            ///< [dims]
};

/// A block has kWarpSize dims; its warps share the rows.
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

/// first: the least index of a value that is not finite, ~0 if there is none.
__global__ void __launch_bounds__(kThreads)
    first_not_finite_kernel(const float* values, std::size_t count, unsigned long long* first) {
  const std::size_t step = static_cast<std::size_t>(gridDim.x) * kThreads;
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * kThreads + threadIdx.x; i < count; i += step) {
    if ((__float_as_uint(values[i]) & 0x7f800000u) == 0x7f800000u) atomicMin(first, static_cast<unsigned long long>(i));
  }
}

/// For `first_not_finite_kernel`.
dim3 scan_grid(std::size_t values) { return dim3(std::min(kScanBlocks, blocks_for(values, kThreads))); }

template <int Vectors>
void launch_products(const Stream& stream, const ProductsJob& job) {
  const auto kernel = reads_pairs(job.features.data, job.features.dims) ? products_kernel<Vectors, 2>
                                                                        : products_kernel<Vectors, 1>;
  launch(stream, kernel, dim3(row_blocks<kRows<Vectors>>(job.features)), job);
}

void send_samples(Workspace& workspace, const std::vector<std::uint32_t>& samples) {
  workspace.samples.reserve(samples.size());
  std::copy(samples.begin(), samples.end(), workspace.samples.host());
  workspace.samples.send(samples.size(), workspace.stream);
}

/// Rows of a matrix of products that are fetched at a time, in whole tiles.
std::size_t strip_rows(std::size_t columns) {
  return std::max<std::size_t>(1, kStripProducts / columns / kTile) * kTile;
}

/// products: rows from begin to end of a symmetric matrix, [end - begin, size], of which what is on and left of the
/// diagonal goes to both halves of out. By squares, so that columns are written while they are in the caches.
void mirror(const double* products, std::size_t size, std::size_t begin, std::size_t end, std::size_t threads, double* out,
            std::size_t stride) {
  for_each_piece(end - begin, kTile, threads, [&](std::size_t, std::size_t first, std::size_t last) {
    for (std::size_t column = 0; column < begin + last; column += kTile) {
      for (std::size_t i = begin + first; i < begin + last; ++i) {
        const double* row = products + (i - begin) * size;
        for (std::size_t j = column; j < std::min<std::size_t>(column + kTile, i + 1); ++j) {
          out[i * stride + j] = out[j * stride + i] = row[j];
        }
      }
    }
  });
}

}  // namespace

void DeviceSvmFeatures::products(const double* vectors, std::size_t count, std::size_t stride, std::size_t threads,
                                 double* const* out) const {
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
    const ProductsJob job{{features_.data(), nullptr, rows(), static_cast<unsigned>(dims())},
                          workspace.operands.device(),
                          members(group),
                          workspace.results.device()};
    launch_products<kGroup>(workspace.stream, job);
    workspace.results.fetch(members(group) * rows(), workspace.stream);
  };
  const auto finish = [&](Workspace& workspace, std::size_t group) {
    workspace.stream.synchronise();
    const double* results = workspace.results.host();
    for_each_piece(members(group), 1, threads, [&](std::size_t, std::size_t v, std::size_t) {
      std::copy_n(results + v * rows(), rows(), out[group * kGroup + v]);
    });
  };
  in_turns(workspaces_, blocks_for(count, kGroup), start, finish);
}

void DeviceSvmFeatures::products_of(const std::vector<std::uint32_t>& samples, const double* vector, double* out) const {
  const Workspaces::Lease workspace = workspaces_.take();
  workspace->operands.reserve(dims());
  std::copy_n(vector, dims(), workspace->operands.host());
  workspace->operands.send(dims(), workspace->stream);
  send_samples(*workspace, samples);
  workspace->results.reserve(samples.size());
  const ProductsJob job{{features_.data(), workspace->samples.device(), samples.size(), static_cast<unsigned>(dims())},
                        workspace->operands.device(),
                        1,
                        workspace->results.device()};
  launch_products<1>(workspace->stream, job);
  workspace->results.fetch(samples.size(), workspace->stream);
  workspace->stream.synchronise();
  std::copy_n(workspace->results.host(), samples.size(), out);
}

void DeviceSvmFeatures::fill_gram(const std::vector<std::uint32_t>& samples, std::size_t begin, std::size_t threads,
                                  double* out, std::size_t stride) const {
  const std::size_t size = samples.size();
  if (begin == size) return;
  const std::size_t height = strip_rows(size);
  const auto first = [&](std::size_t strip) { return begin + strip * height; };
  const auto count = [&](std::size_t strip) { return std::min(height, size - first(strip)); };
  const auto start = [&](Workspace& workspace, std::size_t strip) {
    send_samples(workspace, samples);
    workspace.results.reserve(count(strip) * size);
    const GramJob job{{features_.data(), workspace.samples.device(), size, static_cast<unsigned>(dims())},
                      static_cast<unsigned>(first(strip)),
                      static_cast<unsigned>(count(strip)),
                      workspace.results.device()};
    const dim3 grid(blocks_for(count(strip), kTile), blocks_for(first(strip) + count(strip), kTile));
    launch(workspace.stream, gram_kernel, grid, job);
    workspace.results.fetch(count(strip) * size, workspace.stream);
  };
  const auto finish = [&](Workspace& workspace, std::size_t strip) {
    workspace.stream.synchronise();
    mirror(workspace.results.host(), size, first(strip), first(strip) + count(strip), threads, out, stride);
  };
  in_turns(workspaces_, blocks_for(size - begin, height), start, finish);
}

void DeviceSvmFeatures::add_rows(const std::vector<SvmTerm>& terms, double* target) const {
  if (terms.empty()) return;
  const Workspaces::Lease workspace = workspaces_.take();
  workspace->operands.reserve(terms.size());
  workspace->samples.reserve(terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    workspace->operands.host()[i] = terms[i].factor;
    workspace->samples.host()[i] = terms[i].sample;
  }
  workspace->operands.send(terms.size(), workspace->stream);
  workspace->samples.send(terms.size(), workspace->stream);
  workspace->results.reserve(dims());
  const WeightedJob job{{features_.data(), workspace->samples.device(), terms.size(), static_cast<unsigned>(dims())},
                        workspace->operands.device(),
                        workspace->results.device()};
  launch(workspace->stream, weighted_rows_kernel, dim3(blocks_for(dims(), kWarpSize)), job);
  workspace->results.fetch(dims(), workspace->stream);
  workspace->stream.synchronise();
  for (std::size_t d = 0; d < dims(); ++d) target[d] += workspace->results.host()[d];
}

void DeviceSvmFeatures::add_outer_products(const std::vector<std::uint32_t>& samples, double scale, std::size_t threads,
                                           double* out, std::size_t stride) const {
  const std::size_t size = dims() + 1, height = strip_rows(size);
  const auto first = [&](std::size_t strip) { return strip * height; };
  const auto count = [&](std::size_t strip) { return std::min(height, size - first(strip)); };
  const auto start = [&](Workspace& workspace, std::size_t strip) {
    send_samples(workspace, samples);
    workspace.results.reserve(count(strip) * size);
    const OuterJob job{{features_.data(), workspace.samples.device(), samples.size(), static_cast<unsigned>(dims())},
                       static_cast<unsigned>(first(strip)),
                       static_cast<unsigned>(count(strip)),
                       workspace.results.device()};
    const dim3 grid(blocks_for(count(strip), kTile), blocks_for(size, kTile));
    launch(workspace.stream, outer_kernel, grid, job);
    workspace.results.fetch(count(strip) * size, workspace.stream);
  };
  const auto finish = [&](Workspace& workspace, std::size_t strip) {
    workspace.stream.synchronise();
    const double* products = workspace.results.host();
    for_each_piece(count(strip), kTile, threads, [&](std::size_t, std::size_t begin, std::size_t end) {
      for (std::size_t r = begin; r < end; ++r) {
        const std::size_t i = first(strip) + r;
        for (std::size_t j = i; j < size; ++j) out[i * stride + j] += scale * products[r * size + j];
      }
    });
  };
  in_turns(workspaces_, blocks_for(size, height), start, finish);
}

std::optional<std::size_t> DeviceSvmFeatures::first_not_finite() const {
  constexpr unsigned long long kNone = ~0ull;
  use(features_.device());
  const Stream stream;
  Array<unsigned long long> index(1);
  unsigned long long first = kNone;
  index.fill(0xff, stream);
  launch(stream, first_not_finite_kernel, scan_grid(rows() * dims()), features_.data(), rows() * dims(), index.data());
  index.copy_to(&first, stream);
  stream.synchronise();
  if (first == kNone) return std::nullopt;
  return static_cast<std::size_t>(first) / dims();
}

SvmResult train_svm(const Features& features, const std::int8_t* labels, std::size_t problems, const SvmOptions& options,
                    double* decisions, double* weights) {
  return shiftscope::train_svm(DeviceSvmFeatures(features), labels, problems, options, decisions, weights);
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
