#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "runtime.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

constexpr int kThreads = 256;  ///< threads per block
constexpr int kWarpSize = 32;
constexpr int kWarps = kThreads / kWarpSize;

/// Some or all rows of a feature matrix in device memory.
struct FeatureRows {
  const float* data;             ///< [rows, dims]
  const std::uint32_t* samples;  ///< indices of the rows, [count]; null for the first `count` rows
  std::size_t count;
  unsigned dims;

  __device__ const float* row(std::size_t i) const {
    return data + (samples == nullptr ? i : static_cast<std::size_t>(samples[i])) * dims;
  }
};

/// Queues a kernel with kThreads threads per block. Does nothing if the grid is empty. Throws DeviceError.
template <class... Parameters, class... Arguments>
void launch(const Stream& stream, void (*kernel)(Parameters...), dim3 grid, const Arguments&... arguments) {
  if (grid.x == 0 || grid.y == 0) return;
  std::tuple<Parameters...> values(arguments...);
#if defined(SHIFTSCOPE_EMULATED_CUDA)
  const auto thread = [=] { std::apply(kernel, values); };
  check("cudaLaunchKernel", emulation::run(grid, dim3(kThreads), thread, stream.handle()));
#else
  std::apply(
      [&](Parameters&... each) {
        void* pointers[] = {&each...};
        check("cudaLaunchKernel", cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, dim3(kThreads), pointers,
                                                   0, stream.handle()));
      },
      values);
#endif
}

inline unsigned blocks_for(std::size_t count, std::size_t each) { return static_cast<unsigned>((count + each - 1) / each); }

}  // namespace shiftscope::SHIFTSCOPE_CUDA
