#include "svm.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "../core/parallel.h"
#include "row_products.h"
#include "tile_products.h"

namespace shiftscope::SHIFTSCOPE_CUDA {
namespace {

/// Vectors that one reading of the features serves: a unit's problems.
constexpr int kGroup = 10;

/// Rows of a warp: with ten sums each, as many as the registers hold; with one, few, so that a few samples have many warps.
template <class Sum, int Vectors, int Width>
constexpr int kRows = Vectors == 1 ? 2 : Width == 2 || std::is_same_v<Sum, Float64Sum> ? 4 : 3;

/// Products that are fetched at a time: 8 MiB, a millisecond of the bus or less.
constexpr std::size_t kStripProducts = std::size_t{1} << 20;

/// Rows of a matrix from which the device factorises it sooner than the processor.
constexpr std::size_t kLeastSystem = 128;

/// Most blocks of the kernels that look at every feature once.
constexpr unsigned kScanBlocks = 1024;

/// Largest values for which sums in pairs of float32 are as good as float64's.
constexpr double kLeastRange = 0x1p-40, kMostRange = 0x1p40, kMostVector = 0x1p60;

struct ProductsJob {
  FeatureRows features;
  const void* vectors;  ///< operands, [the kernel's vectors, dims]
  std::size_t vector_count;
  double* out;  ///< [vector_count, features.count]
};

template <class Sum, int Vectors, int Width>
__global__ void __launch_bounds__(kThreads, 2) products_kernel(ProductsJob job) {
  constexpr int kRowsOfWarp = kRows<Sum, Vectors, Width>;
  const std::size_t first = first_row<kRowsOfWarp>();
  double products[kRowsOfWarp][Vectors];
  row_products<Sum, kRowsOfWarp, Vectors, false, Width>(
      job.features, static_cast<const typename Sum::Operand*>(job.vectors), first, products);
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

template <class Sum>
__global__ void __launch_bounds__(kThreads) gram_kernel(GramJob job) {
  const unsigned left = job.begin + blockIdx.x * kTile, right = blockIdx.y * kTile;
  if (right >= left + kTile) return;
  const SampleSide rows(job.features, left), columns(job.features, right);
  tile_products<Sum>(rows, columns, job.features.dims, [&](unsigned row, unsigned column, double sum) {
    const unsigned i = left + row, j = right + column;
    if (i < job.begin + job.rows && j <= i) job.out[(i - job.begin) * job.features.count + j] = sum;
  });
}

struct OuterJob {
  FeatureRows features;
  unsigned begin, rows;  ///< of the products
  double* out;           ///< [rows, dims + 1], on and right of the diagonal
};

template <class Sum>
__global__ void __launch_bounds__(kThreads) outer_kernel(OuterJob job) {
  const std::size_t size = static_cast<std::size_t>(job.features.dims) + 1;
  const unsigned left = job.begin + blockIdx.x * kTile, right = blockIdx.y * kTile;
  if (right + kTile <= left) return;
  const DimSide rows(job.features, left), columns(job.features, right);
  tile_products<Sum>(rows, columns, job.features.count, [&](unsigned row, unsigned column, double sum) {
    const unsigned i = left + row, j = right + column;
    if (i < job.begin + job.rows && i <= j && j < size) job.out[(i - job.begin) * size + j] = sum;
  });
}

struct SystemJob {
  FeatureRows features;  ///< with all samples
  std::size_t terms;
  double scale, diagonal, last;  ///< diagonal: added to the diagonal but for its end, to which `last` is
  unsigned size;
  std::size_t stride;
  double* out;  ///< [size, stride], on and right of the diagonal
};

/// scale · Σ left · right over the terms of a side, and the diagonal.
template <class Side>
__global__ void __launch_bounds__(kThreads) system_kernel(SystemJob job) {
  const unsigned left = blockIdx.x * kTile, right = blockIdx.y * kTile;
  if (right + kTile <= left) return;
  const Side rows(job.features, left), columns(job.features, right);
  tile_products<Float64Sum>(rows, columns, job.terms, [&](unsigned row, unsigned column, double sum) {
    const unsigned i = left + row, j = right + column;
    if (i > j || j >= job.size) return;
    const double added = i < j ? 0 : (i + 1 < job.size ? job.diagonal : job.last);
    job.out[i * job.stride + j] = __fma_rn(job.scale, sum, added);
  });
}

struct WeightedJob {
  FeatureRows features;
  const void* factors;  ///< operands, [features.count]
  double* out;          ///< [dims]
};

/// A block has kWarpSize dims; its warps share the rows.
template <class Sum>
__global__ void __launch_bounds__(kThreads) weighted_rows_kernel(WeightedJob job) {
  __shared__ double partial[kWarps][kWarpSize];
  const auto* factors = static_cast<const typename Sum::Operand*>(job.factors);
  const unsigned lane = threadIdx.x % kWarpSize, warp = threadIdx.x / kWarpSize, d = blockIdx.x * kWarpSize + lane;
  Sum sum;
  sum.clear();
  if (d < job.features.dims) {
#pragma unroll 4
    for (std::size_t i = warp; i < job.features.count; i += kWarps) sum.add_product(job.features.row(i)[d], factors[i]);
  }
  partial[warp][lane] = sum.value();
  __syncthreads();
  if (warp > 0 || d >= job.features.dims) return;
  double total = 0;
  for (int w = 0; w < kWarps; ++w) total += partial[w][lane];
  job.out[d] = total;
}

/// largest: the bits of the largest absolute value; NaN counts as larger than infinity.
__global__ void __launch_bounds__(kThreads) largest_kernel(const float* values, std::size_t count, unsigned* largest) {
  unsigned most = 0;
  const std::size_t step = static_cast<std::size_t>(gridDim.x) * kThreads;
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * kThreads + threadIdx.x; i < count; i += step) {
    most = max(most, __float_as_uint(values[i]) & 0x7fffffffu);
  }
  for (int lanes = kWarpSize / 2; lanes > 0; lanes /= 2) most = max(most, __shfl_xor_sync(0xffffffffu, most, lanes));
  if (threadIdx.x % kWarpSize == 0) atomicMax(largest, most);
}

/// first: the least index of a value that is not finite, ~0 if there is none.
__global__ void __launch_bounds__(kThreads)
    first_not_finite_kernel(const float* values, std::size_t count, unsigned long long* first) {
  const std::size_t step = static_cast<std::size_t>(gridDim.x) * kThreads;
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * kThreads + threadIdx.x; i < count; i += step) {
    if ((__float_as_uint(values[i]) & 0x7f800000u) == 0x7f800000u) atomicMin(first, static_cast<unsigned long long>(i));
  }
}

/// For `largest_kernel` and `first_not_finite_kernel`.
dim3 scan_grid(std::size_t values) { return dim3(std::min(kScanBlocks, blocks_for(values, kThreads))); }

template <class Sum, int Vectors, int Width>
void launch_products_of_width(const Stream& stream, const ProductsJob& job) {
  launch(stream, products_kernel<Sum, Vectors, Width>, dim3(row_blocks<kRows<Sum, Vectors, Width>>(job.features)), job);
}

template <int Vectors>
void launch_products(const Stream& stream, Arithmetic arithmetic, const ProductsJob& job) {
  const bool float64 = arithmetic == Arithmetic::float64;
  if (reads_pairs(job.features.data, job.features.dims)) {
    float64 ? launch_products_of_width<Float64Sum, Vectors, 2>(stream, job)
            : launch_products_of_width<CompensatedSum, Vectors, 2>(stream, job);
  } else {
    float64 ? launch_products_of_width<Float64Sum, Vectors, 1>(stream, job)
            : launch_products_of_width<CompensatedSum, Vectors, 1>(stream, job);
  }
}

template <class Sum>
void convert(const double* values, std::size_t count, void* to) {
  auto* operands = static_cast<typename Sum::Operand*>(to);
  for (std::size_t i = 0; i < count; ++i) operands[i] = Sum::operand(values[i]);
}

/// Those of either arithmetic.
constexpr std::size_t kOperandBytes = sizeof(double);
static_assert(sizeof(Float64Sum::Operand) == kOperandBytes && sizeof(CompensatedSum::Operand) == kOperandBytes);

/// `values` as operands from the place `at` on, in memory that has been reserved for them.
void put_operands(Workspace& workspace, Arithmetic arithmetic, const double* values, std::size_t count, std::size_t at) {
  void* const to = workspace.operands.host() + at * kOperandBytes;
  arithmetic == Arithmetic::float64 ? convert<Float64Sum>(values, count, to) : convert<CompensatedSum>(values, count, to);
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

float float_of_bits(unsigned bits) {
  float value;
  static_assert(sizeof value == sizeof bits);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

DeviceSvmFeatures::DeviceSvmFeatures(const Features& features)
    : features_(features), workspaces_(features.device()), arithmetic_(features.arithmetic()) {
  if (arithmetic_ == Arithmetic::float64) return;
  use(features.device());
  const Stream stream;
  Array<unsigned> bits(1);
  unsigned largest = 0;
  bits.fill(0, stream);
  launch(stream, largest_kernel, scan_grid(rows() * dims()), features_.data(), rows() * dims(), bits.data());
  bits.copy_to(&largest, stream);
  stream.synchronise();
  const double value = float_of_bits(largest);
  if (!(value >= kLeastRange && value <= kMostRange)) arithmetic_ = Arithmetic::float64;
}

Arithmetic DeviceSvmFeatures::arithmetic_for(const double* values, std::size_t count) const {
  const auto fits = [](double value) { return std::fabs(value) <= kMostVector; };
  return std::all_of(values, values + count, fits) ? arithmetic_ : Arithmetic::float64;
}

void DeviceSvmFeatures::products(const double* vectors, std::size_t count, std::size_t stride, std::size_t threads,
                                 double* const* out) const {
  const Arithmetic arithmetic = arithmetic_for(vectors, count * stride);
  const auto members = [&](std::size_t group) { return std::min<std::size_t>(kGroup, count - group * kGroup); };
  const auto start = [&](Workspace& workspace, std::size_t group) {
    workspace.operands.reserve(kGroup * dims() * kOperandBytes);
    for (std::size_t v = 0; v < members(group); ++v) {
      put_operands(workspace, arithmetic, vectors + (group * kGroup + v) * stride, dims(), v * dims());
    }
    std::memset(workspace.operands.host() + members(group) * dims() * kOperandBytes, 0,
                (kGroup - members(group)) * dims() * kOperandBytes);
    workspace.operands.send(kGroup * dims() * kOperandBytes, workspace.stream);
    workspace.results.reserve(members(group) * rows());
    const ProductsJob job{{features_.data(), nullptr, rows(), static_cast<unsigned>(dims())},
                          workspace.operands.device(),
                          members(group),
                          workspace.results.device()};
    launch_products<kGroup>(workspace.stream, arithmetic, job);
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
  const Arithmetic arithmetic = arithmetic_for(vector, dims());
  const Workspaces::Lease workspace = workspaces_.take();
  workspace->operands.reserve(dims() * kOperandBytes);
  put_operands(*workspace, arithmetic, vector, dims(), 0);
  workspace->operands.send(dims() * kOperandBytes, workspace->stream);
  send_samples(*workspace, samples);
  workspace->results.reserve(samples.size());
  const ProductsJob job{{features_.data(), workspace->samples.device(), samples.size(), static_cast<unsigned>(dims())},
                        workspace->operands.device(),
                        1,
                        workspace->results.device()};
  launch_products<1>(workspace->stream, arithmetic, job);
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
    launch(workspace.stream, arithmetic_ == Arithmetic::float64 ? gram_kernel<Float64Sum> : gram_kernel<CompensatedSum>,
           grid, job);
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
  std::vector<double> factors;
  for (const SvmTerm& term : terms) factors.push_back(term.factor);
  const Arithmetic arithmetic = arithmetic_for(factors.data(), factors.size());
  const Workspaces::Lease workspace = workspaces_.take();
  workspace->operands.reserve(factors.size() * kOperandBytes);
  put_operands(*workspace, arithmetic, factors.data(), factors.size(), 0);
  workspace->operands.send(factors.size() * kOperandBytes, workspace->stream);
  workspace->samples.reserve(terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) workspace->samples.host()[i] = terms[i].sample;
  workspace->samples.send(terms.size(), workspace->stream);
  workspace->results.reserve(dims());
  const WeightedJob job{{features_.data(), workspace->samples.device(), terms.size(), static_cast<unsigned>(dims())},
                        workspace->operands.device(),
                        workspace->results.device()};
  const auto kernel = arithmetic == Arithmetic::float64 ? weighted_rows_kernel<Float64Sum>
                                                        : weighted_rows_kernel<CompensatedSum>;
  launch(workspace->stream, kernel, dim3(blocks_for(dims(), kWarpSize)), job);
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
    launch(workspace.stream, arithmetic_ == Arithmetic::float64 ? outer_kernel<Float64Sum> : outer_kernel<CompensatedSum>,
           grid, job);
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

template <class Side>
bool DeviceSvmFeatures::solve(const std::vector<std::uint32_t>& samples, std::size_t size, double scale, double diagonal,
                              double last, double least_pivot, std::size_t count, double* x) const {
  if (features_.arithmetic() != Arithmetic::float64 || size < kLeastSystem) return false;
  const std::lock_guard<std::mutex> lock(factor_mutex_);
  const Workspaces::Lease workspace = workspaces_.take();
  try {
    factor_.start(size, count);
  } catch (const DeviceError& error) {
    if (!error.out_of_memory) throw;
    return false;
  }
  send_samples(*workspace, samples);
  workspace->results.reserve(count * size);
  std::copy_n(x, count * size, workspace->results.host());
  workspace->results.send(count * size, workspace->stream);
  const std::size_t terms = std::is_same_v<Side, SampleSide> ? dims() : samples.size();
  const SystemJob job{{features_.data(), workspace->samples.device(), samples.size(), static_cast<unsigned>(dims())},
                      terms,
                      scale,
                      diagonal,
                      last,
                      static_cast<unsigned>(size),
                      factor_.stride(),
                      factor_.matrix()};
  launch(workspace->stream, system_kernel<Side>, dim3(blocks_for(size, kTile), blocks_for(size, kTile)), job);
  factor_.solve(least_pivot, workspace->results.device(), workspace->stream);
  workspace->results.fetch(count * size, workspace->stream);
  workspace->stream.synchronise();
  std::copy_n(workspace->results.host(), count * size, x);
  return true;
}

bool DeviceSvmFeatures::solve_in_dims(const std::vector<std::uint32_t>& samples, double scale, double last,
                                      double least_pivot, double* x) const {
  return solve<DimSide>(samples, dims() + 1, scale, 1, last, least_pivot, 1, x);
}

bool DeviceSvmFeatures::solve_in_samples(const std::vector<std::uint32_t>& samples, double diagonal, double least_pivot,
                                         std::size_t count, double* x) const {
  return solve<SampleSide>(samples, samples.size(), 1, diagonal, diagonal, least_pivot, count, x);
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
