#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cosine.h"
#include "svm.h"
#include "svm_features.h"

namespace shiftscope::test {

/// The operations on one device. Operands and results are in the processor's memory, as in the core's headers.
struct Backend {
  std::string name;
  bool emulated = false;  ///< too slow for large cases

  std::function<CosineFault(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                            std::size_t anchor_count, float* out)>
      cosine_similarity;
  std::function<SvmResult(const float* features, std::size_t rows, std::size_t dims, const std::int8_t* labels,
                          std::size_t problems, const SvmOptions& options, double* decisions, double* weights)>
      train_svm;
  /// Calls `work` with the features that a training on this device would use.
  std::function<void(const float* features, std::size_t rows, std::size_t dims,
                     const std::function<void(const SvmFeatures&)>& work)>
      with_svm_features;
};

/// Every CUDA device that works, and the emulated device, if it is built and no instruction set is forced.
const std::vector<Backend>& device_backends();

}  // namespace shiftscope::test
