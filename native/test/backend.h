#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "cosine.h"
#include "svm_features.h"

namespace shiftscope::test {

/// The operations on one device. All pointers are to host memory.
struct Backend {
  std::string name;
  bool emulated = false;  ///< whether the device is emulated, so too slow for large cases

  std::function<CosineFault(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                            std::size_t anchor_count, float* out)>
      cosine_similarity;
  /// Copies the features to this device and calls `work` with them.
  std::function<void(const float* features, std::size_t rows, std::size_t dims,
                     const std::function<void(const SvmFeatures&)>& work)>
      with_svm_features;
};

/// All CUDA devices that work, and the emulated device, if it is compiled in and no instruction set is forced.
const std::vector<Backend>& device_backends();

}  // namespace shiftscope::test
