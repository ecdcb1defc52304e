#pragma once

#include <cstddef>

#include "launch.h"

/// Scalar products of many vectors with as many, tile by tile; the inner part of Gram matrices and of outer products.
///
/// Lower bound of the time: the multiply-adds. A term is converted to float64 once, on its way to shared memory,
/// because devices have at most a quarter as many units for the conversion as for float64 multiply-adds. A thread has
/// 8 x 8 elements, for which it reads 16 operands per term, so that reading shared memory takes half the time of the
/// sums. A tile needs only a quarter of a block's threads for this. The block's quarters share the terms, so that a
/// matrix of few tiles still occupies many threads. The next terms are loaded while the current ones are summed.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// Elements along each side of a tile and of a thread's part of it, and terms that are in shared memory at a time.
constexpr unsigned kTile = 64;
constexpr unsigned kOfThread = 8;
constexpr unsigned kDepth = 16;

/// Threads along a side of the tile, and slices of the terms, each of which has its own threads.
constexpr unsigned kSide = kTile / kOfThread;
constexpr unsigned kSlices = kThreads / (kSide * kSide);

/// Terms of one side that a thread fetches.
constexpr unsigned kFetched = kTile * kDepth / kThreads;

/// One side of a tile: kDepth terms of kTile vectors. A row is one element longer, so that neither writing along the
/// terms nor reading along the vectors causes bank conflicts.
using Staged = double[kDepth][kTile + 1];

/// The vectors are the samples from `begin` on; the terms are dims.
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

  /// Reads this thread's share of the kDepth terms from `first` on; 0 beyond the last vector or term.
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

/// The vectors are the dims from `begin` on, with a constant 1 after the last dim; the terms are samples.
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

/// Calls emit(row, column, Σ) for each element of a tile, with its sum over all terms. Only some of the threads call
/// it, but all threads of a block must take part.
///
/// Each lane of a warp reads the same operands as its neighbour from one side, and the same as the next lane but one
/// from the other side. A warp's read of 64 bits per lane is then one access instead of two.
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
