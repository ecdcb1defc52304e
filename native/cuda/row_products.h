#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "feature_rows.h"
#include "launch.h"
#include "sums.h"

/// Scalar products of feature rows with a few vectors, the inner part of cosines and of decision values.
///
/// Floor: the features are read once. A warp takes a few rows at a time, so that an element of a vector is read once for
/// as many rows, and the block's warps share the vectors by panels in shared memory, so that the second-level cache
/// delivers a vector once for all rows of a block.
namespace shiftscope::SHIFTSCOPE_CUDA {

constexpr unsigned kPanelDims = 256;

/// Width floats that are read once, past the first-level cache.
template <int Width>
__device__ void read(const float* from, float (&to)[Width]) {
  static_assert(Width == 1 || Width == 2);
  if constexpr (Width == 2) {
    const float2 pair = __ldcs(reinterpret_cast<const float2*>(from));
    to[0] = pair.x;
    to[1] = pair.y;
  } else {
    to[0] = __ldcs(from);
  }
}

/// The sums of a warp's Rows rows from `first` on: products[r][v] = <row r, vector v>, after the squared norm at v = 0 if Norm; totals over
/// all lanes, on every lane. Rows beyond the last are the last.
///
/// vectors: [Vectors, dims]. Width: 2 if all rows lie at multiples of 8 bytes, else 1. For blocks of kThreads, all of
/// whose threads must take part.
template <class Sum, int Rows, int Vectors, bool Norm, int Width>
__device__ void row_products(const FeatureRows& features, const typename Sum::Operand* vectors, std::size_t first,
                             double (&products)[Rows][Vectors + Norm]) {
  using Operand = typename Sum::Operand;
  __shared__ Operand panel[Vectors][kPanelDims];
  const unsigned lane = threadIdx.x % kWarpSize;
  const float* rows[Rows];
  Sum sums[Rows][Vectors + Norm];
  for (int r = 0; r < Rows; ++r) {
    rows[r] = features.row(min(first + r, features.count - 1));
    for (Sum& sum : sums[r]) sum.clear();
  }
  for (unsigned at = 0; at < features.dims; at += kPanelDims) {
    const unsigned count = min(kPanelDims, features.dims - at);
    __syncthreads();
    for (unsigned i = threadIdx.x; i < Vectors * kPanelDims; i += kThreads) {
      const unsigned v = i / kPanelDims, d = i % kPanelDims;
      if (d < count) panel[v][d] = vectors[static_cast<std::size_t>(v) * features.dims + at + d];
    }
    __syncthreads();
#pragma unroll 2
    for (unsigned d = lane * Width; d < count; d += kWarpSize * Width) {
      float x[Rows][Width];
      for (int r = 0; r < Rows; ++r) read<Width>(rows[r] + at + d, x[r]);
      for (int w = 0; w < Width; ++w) {
        if constexpr (Norm) {
          for (int r = 0; r < Rows; ++r) sums[r][0].add_product(x[r][w], x[r][w]);
        }
        for (int v = 0; v < Vectors; ++v) {
          const Operand operand = panel[v][d + w];
          for (int r = 0; r < Rows; ++r) sums[r][v + Norm].add_product(x[r][w], operand);
        }
      }
    }
  }
#pragma unroll
  for (int r = 0; r < Rows; ++r) {
#pragma unroll
    for (int v = 0; v < Vectors + Norm; ++v) products[r][v] = warp_sum(sums[r][v].value());
  }
}

/// The first row of the calling thread's warp, if every warp has Rows.
template <int Rows>
__device__ std::size_t first_row() {
  return (static_cast<std::size_t>(blockIdx.x) * kWarps + threadIdx.x / kWarpSize) * Rows;
}

/// Blocks whose warps have Rows rows each.
template <int Rows>
unsigned row_blocks(const FeatureRows& features) {
  return blocks_for(features.count, kWarps * Rows);
}

/// Whether rows of a matrix at this address can be read two floats at a time.
inline bool reads_pairs(const float* data, std::size_t dims) {
  return dims % 2 == 0 && reinterpret_cast<std::uintptr_t>(data) % sizeof(float2) == 0;
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
