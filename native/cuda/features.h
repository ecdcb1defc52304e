#pragma once

#include <cstddef>
#include <memory>

#include "device.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

/// A matrix of features in device memory, [rows, dims], C order. It is uploaded once, then used by many operations.
class Features {
 public:
  /// Uploads rows · dims floats from `values`. dims: 1 to 2^31. Throws DeviceError, also if the device has too little
  /// memory, and always in a build without CUDA.
  Features(const Device& device, const float* values, std::size_t rows, std::size_t dims);

  std::size_t rows() const { return rows_; }
  std::size_t dims() const { return dims_; }
  int device() const { return device_; }
  /// Address in device memory.
  const float* data() const { return data_; }

 private:
  std::size_t rows_, dims_;
  int device_;
  std::shared_ptr<const void> memory_;  ///< owns the memory of `data_`
  const float* data_ = nullptr;
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
