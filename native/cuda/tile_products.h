#pragma once

#include <cstddef>

#include "launch.h"

/// Scalar products of many vectors with many others, tile by tile, for Gram matrices and outer products. A term is one
/// element of a vector.
///
/// What limits the speed: the multiply-adds in float64. A term is converted to float64 only once, on its way to shared
/// memory, because devices convert at most a quarter as fast as they multiply and add. A thread computes 8 x 8 elements
/// of the result and reads 16 operands per term for them. So reading shared memory takes half the time of the sums. A
/// tile thus needs only a quarter of a block's threads. The four quarters of a block share the terms, so that a matrix
/// of few tiles still occupies many threads. The next terms are loaded while the current ones are summed.
namespace shiftscope::SHIFTSCOPE_CUDA {

constexpr unsigned kTile = 64;     ///< elements along each side of a tile
constexpr unsigned kOfThread = 8;  ///< elements that a thread computes, along each side
constexpr unsigned kDepth = 16;    ///< terms in shared memory at a time

constexpr unsigned kSide = kTile / kOfThread;             ///< threads along each side of a tile
constexpr unsigned kSlices = kThreads / (kSide * kSide);  ///< parts of the terms, each summed by other threads

constexpr unsigned kFetched = kTile * kDepth / kThreads;  ///< terms of one side that a thread reads at a time

/// One side of a tile in shared memory: kDepth terms of kTile vectors. Rows have an extra element, so that neither
/// writing along the terms nor reading along the vectors causes bank conflicts.
using Staged = double[kDepth][kTile + 1];

/// A side of a tile for Gram matrices: the vectors are samples, from `begin` on, and their terms are dims.
class SampleSide {
 public:
  __device__ SampleSide(const FeatureRows& features, unsigned begin) : dims_(features.dims) {
    for (unsigned n = 0; n < kFetched; ++n) {
      rows_[n] = begin + vector(n) < features.count ? features.row(begin + vector(n)) : nullptr;
    }
  }

  __device__ static std::size_t terms(const FeatureRows& features) { return features.dims; }
  __device__ static unsigned term(unsigned) { return threadIdx.x % kDepth; }
  __device__ static unsigned vector(unsigned n) { return threadIdx.x / kDepth + n * (kThreads / kDepth); }

  /// Reads this thread's share of kDepth terms, from term `first` on. Values beyond the last vector or term are 0.
  __device__ void fetch(std::size_t first, float (&values)[kFetched]) const {
    for (unsigned n = 0; n < kFetched; ++n) {
      const bool inside = rows_[n] != nullptr && first + term(n) < dims_;
      values[n] = inside ? rows_[n][first + term(n)] : 0.0f;
    }
  }

 private:
  const float* rows_[kFetched];
  unsigned dims_;
};

/// A side of a tile for outer products: the vectors are dims, from `begin` on, and a constant 1 follows the last dim.
/// Their terms are samples.
class DimSide {
 public:
  __device__ DimSide(const FeatureRows& features, unsigned begin) : features_(features), dim_(begin + vector(0)) {}

  __device__ static std::size_t terms(const FeatureRows& features) { return features.count; }
  __device__ static unsigned term(unsigned n) { return threadIdx.x / kTile + n * (kThreads / kTile); }
  __device__ static unsigned vector(unsigned) { return threadIdx.x % kTile; }

  __device__ void fetch(std::size_t first, float (&values)[kFetched]) const {
    for (unsigned n = 0; n < kFetched; ++n) {
      const std::size_t sample = first + term(n);
      values[n] = 0.0f;
      if (sample < features_.count && dim_ <= features_.dims) {
        values[n] = dim_ < features_.dims ? features_.row(sample)[dim_] : 1.0f;
      }
    }
  }

 private:
  FeatureRows features_;
  unsigned dim_;
};

template <class Side>
__device__ void store(const float (&values)[kFetched], Staged& staged) {
  for (unsigned n = 0; n < kFetched; ++n) staged[Side::term(n)][Side::vector(n)] = values[n];
}

/// Computes a tile and calls emit(row, column, sum) for each of its elements. Only some threads call `emit`, but all
/// threads of a block must call this function.
///
/// In each half of a warp, lanes 2i and 2i + 1 read the same column, and lanes i and i + 2 the same row. A read of 64
/// bits per lane is then one access to shared memory instead of two.
template <class Side, class Emit>
__device__ void tile_products(const Side& left, const Side& right, std::size_t terms, const Emit& emit) {
  __shared__ Staged rows[2], columns[2];
  __shared__ double partial[kSlices - 1][kOfThread][kSide * kSide];
  const unsigned slice = threadIdx.x / (kSide * kSide), member = threadIdx.x % (kSide * kSide);
  const unsigned lane = threadIdx.x % kWarpSize;
  const unsigned row = member / kWarpSize * 4 + lane / 16 * 2 + lane % 2, column = lane / 2 % 8;
  double sums[kOfThread][kOfThread] = {};
  float x[kFetched], y[kFetched];
  const auto fetch = [&](std::size_t first) {
    left.fetch(first, x);
    right.fetch(first, y);
  };
  const auto store_in = [&](unsigned buffer) {
    store<Side>(x, rows[buffer]);
    store<Side>(y, columns[buffer]);
  };
  fetch(0);
  store_in(0);
  __syncthreads();
  unsigned buffer = 0;
  for (std::size_t first = 0; first < terms; first += kDepth) {
    const bool more = first + kDepth < terms;
    if (more) fetch(first + kDepth);
#pragma unroll
    for (unsigned k = 0; k < kDepth / kSlices; ++k) {
      const auto& left_terms = rows[buffer][slice + kSlices * k];
      const auto& right_terms = columns[buffer][slice + kSlices * k];
      double a[kOfThread], b[kOfThread];
#pragma unroll
      for (unsigned i = 0; i < kOfThread; ++i) a[i] = left_terms[row + kSide * i];
#pragma unroll
      for (unsigned j = 0; j < kOfThread; ++j) b[j] = right_terms[column + kSide * j];
#pragma unroll
      for (unsigned i = 0; i < kOfThread; ++i) {
#pragma unroll
        for (unsigned j = 0; j < kOfThread; ++j) sums[i][j] = __fma_rn(a[i], b[j], sums[i][j]);
      }
    }
    buffer ^= 1;
    if (more) store_in(buffer);
    __syncthreads();
  }
#pragma unroll
  for (unsigned i = 0; i < kOfThread; ++i) {
    if (slice > 0) {
#pragma unroll
      for (unsigned j = 0; j < kOfThread; ++j) partial[slice - 1][j][member] = sums[i][j];
    }
    __syncthreads();
    if (slice == 0) {
#pragma unroll
      for (unsigned j = 0; j < kOfThread; ++j) {
        double total = sums[i][j];
#pragma unroll
        for (unsigned s = 0; s < kSlices - 1; ++s) total += partial[s][j][member];
        emit(row + kSide * i, column + kSide * j, total);
      }
    }
    __syncthreads();
  }
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
