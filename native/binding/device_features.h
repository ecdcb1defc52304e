#pragma once

#include <napi.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "../cuda/features.h"

/// Features on a CUDA device, by a handle that JavaScript holds.
namespace shiftscope::binding {

/// Shared by the handle, until it is released or collected, and by the jobs in flight that read them.
using DeviceFeatures = std::shared_ptr<const SHIFTSCOPE_CUDA::Features>;

/// What an operation is given as its features, [rows, dims].
struct FeatureMatrix {
  DeviceFeatures on_device;               ///< null for an array
  const float* values = nullptr;          ///< of the array
  std::vector<Napi::TypedArray> arrays;  ///< the array, which has to be kept alive
};

/// An array, or a handle whose features have this shape. Arrays are converted, so that nothing may run JavaScript after it.
FeatureMatrix feature_matrix(const Napi::Value& value, std::size_t rows, std::size_t dims);

/// { deviceFailure: reason }, in the place of a result.
Napi::Value device_failure_value(const Napi::Env& env, const std::string& reason);

}  // namespace shiftscope::binding
