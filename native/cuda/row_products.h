#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "launch.h"

/// Scalar products of feature rows with a few vectors, for cosines and decision values.
///
/// What limits the speed: reading the features, once. A warp handles a few rows at a time and reads each element of a
/// vector once for all of them. The warps of a block share panels of the vectors in shared memory, so the second-level
/// cache delivers a vector only once per block. The next panel and the next features are loaded while the current ones
/// are summed.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// Number of dims per panel, the part of the vectors in shared memory. Two blocks, each with two panels of ten vectors,
/// fit into the shared memory of a Turing card.
constexpr unsigned kPanelDims = 128;

/// Neighbouring elements of a vector that a lane reads at once, so that a warp reads without gaps and without bank
/// conflicts.
template <int Width>
struct alignas(sizeof(double) * Width) Elements {
  double of[Width];
};

template <int Vectors, int Width>
using Panel = Elements<Width>[Vectors][kPanelDims / Width];

/// Starts to copy one panel, kPanelDims dims of each vector from dim `first` on, to shared memory. Elements beyond the
/// last dim are not written. vectors: [Vectors, dims].
template <int Vectors, int Width>
__device__ void copy_panel(const double* vectors, unsigned dims, unsigned first, Panel<Vectors, Width>& panel) {
  constexpr unsigned kPieces = kPanelDims / Width;
  for (unsigned i = threadIdx.x; i < Vectors * kPieces; i += kThreads) {
    const unsigned v = i / kPieces, piece = i % kPieces, d = first + piece * Width;
    if (d >= dims) continue;
    __pipeline_memcpy_async(&panel[v][piece], vectors + static_cast<std::size_t>(v) * dims + d, sizeof panel[v][piece]);
  }
  __pipeline_commit();
}

/// Reads `Width` floats. They bypass the first-level cache, because they are used only once.
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

/// Returns the sum over the lanes of a warp, on every lane.
inline __device__ double warp_sum(double value) {
#pragma unroll
  for (int lanes = kWarpSize / 2; lanes > 0; lanes /= 2) value += __shfl_xor_sync(0xffffffffu, value, lanes);
  return value;
}

/// Computes products[r][v] = <row r, vector v> for the `Rows` rows of a warp, from row `first` on. Every lane gets all
/// results. If `Norm`, products[r][0] is the squared norm of the row, and the vectors begin at products[r][1]. If there
/// are fewer than `Rows` rows left, the last one is repeated.
///
/// vectors: [Vectors, dims], aligned to `Width` elements. Width: 2 if `reads_pairs`, otherwise 1. All kThreads threads
/// of a block must call this function.
template <int Rows, int Vectors, bool Norm, int Width>
__device__ void row_products(const FeatureRows& features, const double* vectors, std::size_t first,
                             double (&products)[Rows][Vectors + Norm]) {
  constexpr unsigned kStep = kWarpSize * Width;
  __shared__ Panel<Vectors, Width> panels[2];
  const unsigned lane = threadIdx.x % kWarpSize, dims = features.dims;
  const float* rows[Rows];
  float next[Rows][Width] = {};
  const auto fetch = [&](unsigned d) {
#pragma unroll
    for (int r = 0; r < Rows; ++r) read<Width>(rows[r] + d, next[r]);
  };
#pragma unroll
  for (int r = 0; r < Rows; ++r) {
    rows[r] = features.row(min(first + r, features.count - 1));
    for (double& sum : products[r]) sum = 0;
  }
  unsigned d = lane * Width, buffer = 0;
  if (d < dims) fetch(d);
  copy_panel<Vectors, Width>(vectors, dims, 0, panels[0]);
  for (unsigned at = 0; at < dims; at += kPanelDims) {
    __pipeline_wait_prior(0);
    // Now the panel is complete, and no thread still reads the other one.
    __syncthreads();
    if (at + kPanelDims < dims) copy_panel<Vectors, Width>(vectors, dims, at + kPanelDims, panels[buffer ^ 1]);
    const auto& panel = panels[buffer];
    for (unsigned piece = lane; piece < kPanelDims / Width && d < dims; piece += kWarpSize, d += kStep) {
      double x[Rows][Width];
#pragma unroll
      for (int r = 0; r < Rows; ++r) {
#pragma unroll
        for (int w = 0; w < Width; ++w) x[r][w] = next[r][w];
      }
      if (d + kStep < dims) fetch(d + kStep);
      if constexpr (Norm) {
#pragma unroll
        for (int r = 0; r < Rows; ++r) {
#pragma unroll
          for (int w = 0; w < Width; ++w) products[r][0] = __fma_rn(x[r][w], x[r][w], products[r][0]);
        }
      }
#pragma unroll
      for (int v = 0; v < Vectors; ++v) {
        const Elements<Width> elements = panel[v][piece];
#pragma unroll
        for (int w = 0; w < Width; ++w) {
#pragma unroll
          for (int r = 0; r < Rows; ++r) products[r][v + Norm] = __fma_rn(x[r][w], elements.of[w], products[r][v + Norm]);
        }
      }
    }
    buffer ^= 1;
  }
#pragma unroll
  for (int r = 0; r < Rows; ++r) {
#pragma unroll
    for (double& sum : products[r]) sum = warp_sum(sum);
  }
}

/// First row of the calling thread's warp, if every warp handles `Rows` rows.
template <int Rows>
__device__ std::size_t first_row() {
  return (static_cast<std::size_t>(blockIdx.x) * kWarps + threadIdx.x / kWarpSize) * Rows;
}

template <int Rows>
unsigned row_blocks(const FeatureRows& features) {
  return blocks_for(features.count, kWarps * Rows);
}

/// Whether rows of a matrix at this address can be read two floats at a time.
inline bool reads_pairs(const float* data, std::size_t dims) {
  return dims % 2 == 0 && reinterpret_cast<std::uintptr_t>(data) % sizeof(float2) == 0;
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
