#include "factor.h"

#include <algorithm>

#include "launch.h"
#include "sums.h"

namespace shiftscope::SHIFTSCOPE_CUDA {
namespace {

constexpr unsigned kPanel = 32;

/// Elements of a tile of the matrix to each side, and of a thread's part.
constexpr unsigned kTile = 64;
constexpr unsigned kOfThread = 4;
constexpr unsigned kStep = kTile / kOfThread;

/// Rows that a warp does in the second half of a solution.
constexpr unsigned kRowsOfWarp = 8;

struct Panel {
  double* matrix;  ///< [size, stride], right-hand sides in columns from `size` on
  std::size_t stride;
  unsigned size, columns;  ///< columns: with those of the right-hand sides
  unsigned first;          ///< of the panel's columns of L, which are rows of the matrix
  double* block;           ///< L on the diagonal, [kPanel, kPanel]
  double* pivots;          ///< [size]

  __device__ unsigned width() const { return min(kPanel, size - first); }
  __device__ unsigned end() const { return first + width(); }
  __device__ double& at(unsigned row, unsigned column) const {
    return matrix[static_cast<std::size_t>(row) * stride + column];
  }
};

struct RightSides {
  Panel system;
  const double* x;  ///< [columns - size, size]
};

__global__ void __launch_bounds__(kThreads) append_kernel(RightSides job) {
  const unsigned i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= job.system.size) return;
  for (unsigned column = job.system.size; column < job.system.columns; ++column) {
    job.system.at(i, column) = job.x[static_cast<std::size_t>(column - job.system.size) * job.system.size + i];
  }
}

/// One column of L after the other, by all threads. block[m][k] is what row k of the panel has of column m, still
/// times the pivot; it becomes L with a diagonal of ones left out.
__device__ void factorise_block(double (&block)[kPanel][kPanel + 1], double (&pivots)[kPanel], double least_pivot) {
  for (unsigned m = 0; m < kPanel; ++m) {
    __syncthreads();
    // As std::max does it, so that NaN stays.
    const double pivot = block[m][m] < least_pivot ? least_pivot : block[m][m];
    const double inverse = 1 / pivot;
    if (threadIdx.x == 0) pivots[m] = pivot;
    for (unsigned i = threadIdx.x; i < kPanel * kPanel; i += kThreads) {
      const unsigned k = i / kPanel, column = i % kPanel;
      if (k > m && column >= k) block[k][column] -= block[m][k] * inverse * block[m][column];
    }
  }
  __syncthreads();
  for (unsigned i = threadIdx.x; i < kPanel * kPanel; i += kThreads) {
    const unsigned m = i / kPanel, column = i % kPanel;
    if (column > m) block[m][column] /= pivots[m];
  }
  __syncthreads();
}

/// Every block factorises what is on the diagonal for itself, and then has a thread for each of its columns.
__global__ void __launch_bounds__(kThreads) panel_kernel(Panel panel, double least_pivot) {
  __shared__ double block[kPanel][kPanel + 1];
  __shared__ double pivots[kPanel];
  const unsigned width = panel.width();
  for (unsigned i = threadIdx.x; i < kPanel * kPanel; i += kThreads) {
    const unsigned m = i / kPanel, k = i % kPanel;
    const bool inside = m <= k && k < width;
    block[m][k] = inside ? panel.at(panel.first + m, panel.first + k) : (m == k ? 1.0 : 0.0);
  }
  factorise_block(block, pivots, least_pivot);
  // Not to the matrix, from which other blocks may yet read.
  if (blockIdx.x == 0) {
    for (unsigned i = threadIdx.x; i < kPanel * kPanel; i += kThreads) panel.block[i] = block[i / kPanel][i % kPanel];
    if (threadIdx.x < width) panel.pivots[panel.first + threadIdx.x] = pivots[threadIdx.x];
  }
  const unsigned column = panel.end() + blockIdx.x * kThreads + threadIdx.x;
  if (column >= panel.columns) return;
  double values[kPanel];
#pragma unroll
  for (unsigned k = 0; k < kPanel; ++k) values[k] = k < width ? panel.at(panel.first + k, column) : 0;
#pragma unroll
  for (unsigned m = 0; m < kPanel; ++m) {
#pragma unroll
    for (unsigned k = m + 1; k < kPanel; ++k) values[k] = __fma_rn(-block[m][k], values[m], values[k]);
  }
#pragma unroll
  for (unsigned k = 0; k < kPanel; ++k) {
    if (k < width) panel.at(panel.first + k, column) = values[k] / pivots[k];
  }
}

/// Subtracts the panel's products L D Lᵀ from a tile right of it.
__global__ void __launch_bounds__(kThreads, 2) subtract_kernel(Panel panel) {
  __shared__ double rows[kPanel][kTile + 1], columns[kPanel][kTile + 1];
  const unsigned top = panel.end() + blockIdx.x * kTile, left = panel.end() + blockIdx.y * kTile;
  if (left + kTile <= top) return;
  // Lanes lie as in tile_products.h.
  const unsigned lane = threadIdx.x % kWarpSize, warp = threadIdx.x / kWarpSize;
  const unsigned row = top + warp / 2 * 4 + lane / 16 * 2 + lane % 2, column = left + warp % 2 * 8 + lane / 2 % 8;
  const auto is_kept = [&](unsigned i, unsigned j) { return i < panel.size && i <= j && j < panel.columns; };
  double values[kOfThread][kOfThread];
#pragma unroll
  for (unsigned a = 0; a < kOfThread; ++a) {
#pragma unroll
    for (unsigned b = 0; b < kOfThread; ++b) {
      const unsigned i = row + kStep * a, j = column + kStep * b;
      values[a][b] = is_kept(i, j) ? panel.at(i, j) : 0;
    }
  }
  const unsigned width = panel.width();
  for (unsigned i = threadIdx.x; i < kPanel * kTile; i += kThreads) {
    const unsigned k = i / kTile, at = i % kTile;
    const bool inside = k < width;
    rows[k][at] = inside && top + at < panel.size ? panel.at(panel.first + k, top + at) * panel.pivots[panel.first + k] : 0;
    columns[k][at] = inside && left + at < panel.columns ? panel.at(panel.first + k, left + at) : 0;
  }
  __syncthreads();
#pragma unroll 4
  for (unsigned k = 0; k < kPanel; ++k) {
    double x[kOfThread], y[kOfThread];
#pragma unroll
    for (unsigned a = 0; a < kOfThread; ++a) x[a] = rows[k][row - top + kStep * a];
#pragma unroll
    for (unsigned b = 0; b < kOfThread; ++b) y[b] = columns[k][column - left + kStep * b];
#pragma unroll
    for (unsigned a = 0; a < kOfThread; ++a) {
#pragma unroll
      for (unsigned b = 0; b < kOfThread; ++b) values[a][b] = __fma_rn(-x[a], y[b], values[a][b]);
    }
  }
#pragma unroll
  for (unsigned a = 0; a < kOfThread; ++a) {
#pragma unroll
    for (unsigned b = 0; b < kOfThread; ++b) {
      const unsigned i = row + kStep * a, j = column + kStep * b;
      if (is_kept(i, j)) panel.at(i, j) = values[a][b];
    }
  }
}

/// The panel's elements of a solution of Lᵀ x = z, which every block finds for itself, and what they take from z before.
__global__ void __launch_bounds__(kThreads, 2) back_kernel(Panel panel, double* solutions) {
  __shared__ double block[kPanel][kPanel + 1];
  __shared__ double x[kPanel];
  const unsigned width = panel.width(), right_side = panel.size + blockIdx.y;
  for (unsigned i = threadIdx.x; i < kPanel * kPanel; i += kThreads) block[i / kPanel][i % kPanel] = panel.block[i];
  if (threadIdx.x < kPanel) x[threadIdx.x] = threadIdx.x < width ? panel.at(panel.first + threadIdx.x, right_side) : 0;
  for (unsigned m = kPanel; m-- > 1;) {
    __syncthreads();
    if (threadIdx.x < m) x[threadIdx.x] -= block[threadIdx.x][m] * x[m];
  }
  __syncthreads();
  if (blockIdx.x == 0 && threadIdx.x < width) {
    solutions[static_cast<std::size_t>(blockIdx.y) * panel.size + panel.first + threadIdx.x] = x[threadIdx.x];
  }
  const unsigned lane = threadIdx.x % kWarpSize;
  const unsigned begin = (blockIdx.x * kWarps + threadIdx.x / kWarpSize) * kRowsOfWarp;
  double products[kRowsOfWarp];
#pragma unroll
  for (unsigned r = 0; r < kRowsOfWarp; ++r) {
    const bool inside = begin + r < panel.first && lane < width;
    products[r] = inside ? panel.at(begin + r, panel.first + lane) * x[lane] : 0;
  }
#pragma unroll
  for (unsigned r = 0; r < kRowsOfWarp; ++r) {
    const double sum = warp_sum(products[r]);
    if (lane == 0 && begin + r < panel.first) panel.at(begin + r, right_side) -= sum;
  }
}

static_assert(kPanel == kWarpSize);

}  // namespace

void DeviceFactor::start(std::size_t size, std::size_t right_sides) {
  size_ = size;
  right_sides_ = right_sides;
  stride_ = (size + right_sides + 3) / 4 * 4;
  const std::size_t panels = (size + kPanel - 1) / kPanel;
  matrix_.resize(size * stride_);
  blocks_.resize(panels * kPanel * kPanel);
  pivots_.resize(size);
}

void DeviceFactor::solve(double least_pivot, double* x, const Stream& stream) {
  const auto size = static_cast<unsigned>(size_), right_sides = static_cast<unsigned>(right_sides_);
  const auto panel_from = [&](unsigned first) {
    return Panel{matrix_.data(),
                 stride_,
                 size,
                 size + right_sides,
                 first,
                 blocks_.data() + std::size_t{first} * kPanel,
                 pivots_.data()};
  };
  launch(stream, append_kernel, dim3(blocks_for(size_, kThreads)), RightSides{panel_from(0), x});
  for (unsigned first = 0; first < size; first += kPanel) {
    const Panel panel = panel_from(first);
    const unsigned rows = size - std::min(size, first + kPanel), columns = rows + right_sides;
    launch(stream, panel_kernel, dim3(blocks_for(columns, kThreads)), panel, least_pivot);
    launch(stream, subtract_kernel, dim3(blocks_for(rows, kTile), blocks_for(columns, kTile)), panel);
  }
  for (unsigned first = (size - 1) / kPanel * kPanel;; first -= kPanel) {
    const unsigned blocks = std::max(1u, blocks_for(first, kWarps * kRowsOfWarp));
    launch(stream, back_kernel, dim3(blocks, right_sides), panel_from(first), x);
    if (first == 0) break;
  }
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
