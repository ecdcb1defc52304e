#pragma once

#include <cstddef>
#include <cstdint>

#include "device.h"
#include "memory.h"
#include "namespace.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

/// A matrix of features, [rows, dims] in C order, on a device: uploaded once for all that is computed from it.
class Features {
 public:
  /// values: rows · dims floats, read only during the call. Throws std::invalid_argument for no dims, or more than 2^31;
  /// DeviceError, with out_of_memory where the device has too little.
  /// Without CUDA at build time, it throws DeviceError.
  Features(const Device& device, const float* values, std::size_t rows, std::size_t dims);

  std::size_t rows() const { return rows_; }
  std::size_t dims() const { return dims_; }
  int device() const { return device_; }
  /// On the device.
  const float* data() const { return values_.data(); }

 private:
  std::size_t rows_, dims_;
  int device_;
  Array<float> values_;
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
