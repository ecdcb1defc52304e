#pragma once

#include <memory>

#include "../cuda/features.h"
#include "jobs.h"

/// Features as arguments of the operations: an array, or a handle for features on a CUDA device.
namespace shiftscope::binding {

/// Features on a device. The handle and running jobs share them, so releasing the handle does not take the memory from
/// a job.
using DeviceFeatures = std::shared_ptr<const SHIFTSCOPE_CUDA::Features>;

/// Features, [rows, dims]: either an array or features on a device.
struct FeatureMatrix {
  DeviceFeatures on_device;              ///< null if the features are an array
  const float* values = nullptr;         ///< elements of the array; null for a device
  std::vector<Napi::TypedArray> arrays;  ///< the array, which the job must keep alive
};

/// Converts an array or a handle. Throws if the features do not have this shape. Run no JavaScript between this call
/// and the start of the job, because JavaScript could detach the array.
FeatureMatrix feature_matrix(const Napi::Value& value, std::size_t rows, std::size_t dims);

/// Calls work(). If it throws DeviceError, returns a conversion to { deviceFailure }, to which the promise then
/// resolves, with the message of the error.
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
