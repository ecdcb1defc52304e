#include "features.h"

#include <stdexcept>

#include "stream.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

Features::Features(const Device& device, const float* values, std::size_t rows, std::size_t dims)
    : rows_(rows), dims_(dims), device_(device.index) {
  constexpr std::size_t kMostDims = std::size_t{1} << 31;
  if (dims == 0 || dims > kMostDims) throw std::invalid_argument("features must have from 1 to 2^31 dimensions");
  use(device_);
  const Stream stream;
  values_.assign(values, rows * dims, stream);
  stream.synchronise();
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
