#pragma once

#include <memory>

#include "../cuda/features.h"
#include "jobs.h"

/// Features of an operation: either an array, or features on a CUDA device, for which JavaScript has a handle.
namespace shiftscope::binding {

/// Owned by the handle, until it is released or garbage-collected, and by the jobs in flight that read them.
using DeviceFeatures = std::shared_ptr<const SHIFTSCOPE_CUDA::Features>;

/// A matrix, [rows, dims].
struct FeatureMatrix {
  DeviceFeatures on_device;              ///< null for an array
  const float* values = nullptr;         ///< the elements of the array; null for a device
  std::vector<Napi::TypedArray> arrays;  ///< the array, which the job must keep alive
};

/// Converts an array or a handle; throws if the features do not have this shape. Do not run JavaScript after it,
/// because that could detach the array.
FeatureMatrix feature_matrix(const Napi::Value& value, std::size_t rows, std::size_t dims);

/// Returns the result of work(), or a conversion to { deviceFailure } if a device fails.
template <class Work>
Conversion or_device_failure(const Work& work) {
  try {
    return work();
  } catch (const SHIFTSCOPE_CUDA::DeviceError& error) {
    return [reason = std::string(error.what())](const Napi::Env& env) -> Napi::Value {
      Napi::Object value = Napi::Object::New(env);
      value.Set("deviceFailure", reason);
      return value;
    };
  }
}

}  // namespace shiftscope::binding
