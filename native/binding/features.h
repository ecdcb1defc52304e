#pragma once

#include <memory>

#include "../cuda/features.h"
#include "jobs.h"

/// Features of an operation: an array, or what a CUDA device holds, by a handle that JavaScript has.
namespace shiftscope::binding {

/// Shared by the handle, until it is released or collected, and by the jobs in flight that read them.
using DeviceFeatures = std::shared_ptr<const SHIFTSCOPE_CUDA::Features>;

/// A matrix, [rows, dims].
struct FeatureMatrix {
  DeviceFeatures on_device;              ///< null for an array
  const float* values = nullptr;         ///< of the array
  std::vector<Napi::TypedArray> arrays;  ///< the array, which has to be kept alive
};

/// An array, or a handle whose features have this shape. Arrays are converted, so that nothing may run JavaScript after it.
FeatureMatrix feature_matrix(const Napi::Value& value, std::size_t rows, std::size_t dims);

/// Returns what work() gives, or the conversion to { deviceFailure } where a device fails.
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
