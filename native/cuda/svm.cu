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

/// Rows of outer products that are fetched at a time.
constexpr std::size_t kStripRows = 512;

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
  unsigned begin;
  double* out;  ///< [samples - begin, samples], on and left of the diagonal
};

template <class Sum>
__global__ void __launch_bounds__(kThreads) gram_kernel(GramJob job) {
  const unsigned left = job.begin + blockIdx.x * kTile, right = blockIdx.y * kTile;
  if (right >= left + kTile) return;
  const SampleSide rows(job.features, left), columns(job.features, right);
  tile_products<Sum>(rows, columns, job.features.dims, [&](unsigned row, unsigned column, double sum) {
    const unsigned i = left + row, j = right + column;
    if (i < job.features.count && j <= i) job.out[(i - job.begin) * job.features.count + j] = sum;
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
std::vector<typename Sum::Operand> operands_of(const std::vector<double>& values) {
  std::vector<typename Sum::Operand> operands(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) operands[i] = Sum::operand(values[i]);
  return operands;
}

/// products: rows from `begin` on of a symmetric matrix, [size - begin, size], of which what is on and left of the diagonal
/// goes to both halves of out. By squares, so that columns are written while they are in the caches.
void mirror(const double* products, std::size_t size, std::size_t begin, std::size_t threads, double* out,
            std::size_t stride) {
  for_each_piece(size - begin, kTile, threads, [&](std::size_t, std::size_t first, std::size_t last) {
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
    : features_(features), scratch_(make_scratch()), arithmetic_(features.arithmetic()) {
  if (arithmetic_ == Arithmetic::float64) return;
  unsigned largest = 0;
  scratch_.largest.resize(1);
  scratch_.largest.fill(0, scratch_.stream);
  launch(scratch_.stream, largest_kernel, scan_grid(rows() * dims()), features_.data(), rows() * dims(), scratch_.largest.data());
  scratch_.largest.copy_to(&largest, scratch_.stream);
  scratch_.stream.synchronise();
  const double value = float_of_bits(largest);
  if (!(value >= kLeastRange && value <= kMostRange)) arithmetic_ = Arithmetic::float64;
}

DeviceSvmFeatures::Scratch DeviceSvmFeatures::make_scratch() const {
  use(features_.device());
  return {};
}

Arithmetic DeviceSvmFeatures::arithmetic_for(const double* values, std::size_t count) const {
  const auto fits = [](double value) { return std::fabs(value) <= kMostVector; };
  return std::all_of(values, values + count, fits) ? arithmetic_ : Arithmetic::float64;
}

void DeviceSvmFeatures::send_operands(Arithmetic arithmetic, const std::vector<double>& values) const {
  const auto send = [&](const auto& operands) {
    const auto* bytes = reinterpret_cast<const char*>(operands.data());
    scratch_.operands.assign(bytes, operands.size() * sizeof(operands[0]), scratch_.stream);
  };
  if (arithmetic == Arithmetic::float64) {
    send(operands_of<Float64Sum>(values));
  } else {
    send(operands_of<CompensatedSum>(values));
  }
}

void DeviceSvmFeatures::products(const double* vectors, std::size_t count, std::size_t stride, std::size_t,
                                 double* const* out) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  use(features_.device());
  const Arithmetic arithmetic = arithmetic_for(vectors, count * stride);
  for (std::size_t first = 0; first < count; first += kGroup) {
    const std::size_t members = std::min<std::size_t>(kGroup, count - first);
    std::vector<double> packed(kGroup * dims());
    for (std::size_t v = 0; v < members; ++v) std::copy_n(vectors + (first + v) * stride, dims(), &packed[v * dims()]);
    send_operands(arithmetic, packed);
    scratch_.results.resize(members * rows());
    const ProductsJob job{{features_.data(), nullptr, rows(), static_cast<unsigned>(dims())},
                          scratch_.operands.data(),
                          members,
                          scratch_.results.data()};
    launch_products<kGroup>(scratch_.stream, arithmetic, job);
    for (std::size_t v = 0; v < members; ++v) {
      download(out[first + v], scratch_.results.data() + v * rows(), rows() * sizeof(double), scratch_.stream);
    }
    scratch_.stream.synchronise();
  }
}

void DeviceSvmFeatures::products_of(const std::vector<std::uint32_t>& samples, const double* vector, double* out) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  use(features_.device());
  const Arithmetic arithmetic = arithmetic_for(vector, dims());
  send_operands(arithmetic, std::vector<double>(vector, vector + dims()));
  scratch_.samples.assign(samples, scratch_.stream);
  scratch_.results.resize(samples.size());
  const ProductsJob job{{features_.data(), scratch_.samples.data(), samples.size(), static_cast<unsigned>(dims())},
                        scratch_.operands.data(),
                        1,
                        scratch_.results.data()};
  launch_products<1>(scratch_.stream, arithmetic, job);
  scratch_.results.copy_to(out, scratch_.stream);
  scratch_.stream.synchronise();
}

void DeviceSvmFeatures::fill_gram(const std::vector<std::uint32_t>& samples, std::size_t begin, std::size_t threads,
                                  double* out, std::size_t stride) const {
  const std::size_t size = samples.size(), fresh = size - begin;
  if (fresh == 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  use(features_.device());
  scratch_.samples.assign(samples, scratch_.stream);
  scratch_.results.resize(fresh * size);
  scratch_.downloads.resize(std::max(scratch_.downloads.size(), fresh * size));
  const GramJob job{{features_.data(), scratch_.samples.data(), size, static_cast<unsigned>(dims())},
                    static_cast<unsigned>(begin),
                    scratch_.results.data()};
  const dim3 grid(blocks_for(fresh, kTile), blocks_for(size, kTile));
  launch(scratch_.stream, arithmetic_ == Arithmetic::float64 ? gram_kernel<Float64Sum> : gram_kernel<CompensatedSum>, grid,
         job);
  scratch_.results.copy_to(scratch_.downloads.data(), scratch_.stream);
  scratch_.stream.synchronise();
  mirror(scratch_.downloads.data(), size, begin, threads, out, stride);
}

void DeviceSvmFeatures::add_rows(const std::vector<SvmTerm>& terms, double* target) const {
  if (terms.empty()) return;
  std::vector<std::uint32_t> samples;
  std::vector<double> factors, sum(dims());
  for (const auto& [sample, factor] : terms) {
    samples.push_back(sample);
    factors.push_back(factor);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    use(features_.device());
    const Arithmetic arithmetic = arithmetic_for(factors.data(), factors.size());
    send_operands(arithmetic, factors);
    scratch_.samples.assign(samples, scratch_.stream);
    scratch_.results.resize(dims());
    const WeightedJob job{{features_.data(), scratch_.samples.data(), samples.size(), static_cast<unsigned>(dims())},
                          scratch_.operands.data(),
                          scratch_.results.data()};
    const auto kernel = arithmetic == Arithmetic::float64 ? weighted_rows_kernel<Float64Sum>
                                                          : weighted_rows_kernel<CompensatedSum>;
    launch(scratch_.stream, kernel, dim3(blocks_for(dims(), kWarpSize)), job);
    scratch_.results.copy_to(sum.data(), scratch_.stream);
    scratch_.stream.synchronise();
  }
  for (std::size_t d = 0; d < dims(); ++d) target[d] += sum[d];
}

void DeviceSvmFeatures::add_outer_products(const std::vector<std::uint32_t>& samples, double scale, std::size_t,
                                           double* out, std::size_t stride) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  use(features_.device());
  const std::size_t size = dims() + 1;
  scratch_.samples.assign(samples, scratch_.stream);
  std::vector<double>& strip = scratch_.downloads;
  for (std::size_t begin = 0; begin < size; begin += kStripRows) {
    const std::size_t count = std::min(kStripRows, size - begin);
    strip.resize(std::max(strip.size(), count * size));
    scratch_.results.resize(count * size);
    const OuterJob job{{features_.data(), scratch_.samples.data(), samples.size(), static_cast<unsigned>(dims())},
                       static_cast<unsigned>(begin),
                       static_cast<unsigned>(count),
                       scratch_.results.data()};
    const dim3 grid(blocks_for(count, kTile), blocks_for(size, kTile));
    launch(scratch_.stream, arithmetic_ == Arithmetic::float64 ? outer_kernel<Float64Sum> : outer_kernel<CompensatedSum>,
           grid, job);
    scratch_.results.copy_to(strip.data(), scratch_.stream);
    scratch_.stream.synchronise();
    for (std::size_t i = begin; i < begin + count; ++i) {
      for (std::size_t j = i; j < size; ++j) out[i * stride + j] += scale * strip[(i - begin) * size + j];
    }
  }
}

std::optional<std::size_t> DeviceSvmFeatures::first_not_finite() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  use(features_.device());
  constexpr unsigned long long kNone = ~0ull;
  unsigned long long first = kNone;
  scratch_.first.resize(1);
  scratch_.first.fill(0xff, scratch_.stream);
  launch(scratch_.stream, first_not_finite_kernel, scan_grid(rows() * dims()), features_.data(), rows() * dims(),
         scratch_.first.data());
  scratch_.first.copy_to(&first, scratch_.stream);
  scratch_.stream.synchronise();
  if (first == kNone) return std::nullopt;
  return static_cast<std::size_t>(first) / dims();
}

SvmResult train_svm(const Features& features, const std::int8_t* labels, std::size_t problems, const SvmOptions& options,
                    double* decisions, double* weights) {
  return shiftscope::train_svm(DeviceSvmFeatures(features), labels, problems, options, decisions, weights);
}

SvmResult train_svm(const Device& device, const float* features, std::size_t rows, std::size_t dims,
                    const std::int8_t* labels, std::size_t problems, const SvmOptions& options, double* decisions,
                    double* weights) {
  return train_svm(Features(device, features, rows, dims), labels, problems, options, decisions, weights);
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
