#include "device_features.h"

#include "../cuda/device.h"

#include "arguments.h"
#include "job.h"
#include "operations.h"

namespace shiftscope::binding {
namespace {

/// What a handle holds; null once it is released.
using Handle = Napi::External<DeviceFeatures>;

/// Tells our handles from what other addons make.
constexpr napi_type_tag kTag{0x5f3c1e0b9a7d4286, 0xa1d87b64c20e93f5};

/// What the handle holds. Throws a TypeError.
DeviceFeatures& features_of(const Napi::Value& value, const char* expected) {
  if (!value.IsExternal() || !value.As<Handle>().CheckTypeTag(&kTag)) {
    throw Napi::TypeError::New(value.Env(), std::string("features must be ") + expected);
  }
  return *value.As<Handle>().Data();
}

SHIFTSCOPE_CUDA::Device device_with(std::size_t index) {
  const SHIFTSCOPE_CUDA::Devices found = SHIFTSCOPE_CUDA::find_devices(index);
  if (found.all.empty()) throw SHIFTSCOPE_CUDA::DeviceError(found.reason, false);
  return found.all.front();
}

/// Without a device failure, the features.
struct Upload {
  DeviceFeatures features;
  std::string device_failure;
};

/// { handle } or { deviceFailure }.
Napi::Value upload_value(const Napi::Env& env, const Upload& upload) {
  if (!upload.device_failure.empty()) return device_failure_value(env, upload.device_failure);
  auto held = std::make_unique<DeviceFeatures>(upload.features);
  const Handle handle = Handle::New(env, held.get(), [](Napi::Env, DeviceFeatures* data) { delete data; });
  static_cast<void>(held.release());  // the handle's
  handle.TypeTag(&kTag);
  Napi::Object value = Napi::Object::New(env);
  value.Set("handle", handle);
  return value;
}

}  // namespace

FeatureMatrix feature_matrix(const Napi::Value& value, std::size_t rows, std::size_t dims) {
  const Napi::Env env = value.Env();
  if (!value.IsExternal()) {
    const Napi::Float32Array array = float32_array(value, "features");
    check_length(env, array.ElementLength(), product(env, rows, dims), "features", "rows * dims");
    return {nullptr, array.Data(), {array}};
  }
  const DeviceFeatures& features = features_of(value, "a Float32Array or a handle of features on a device");
  if (!features) throw Napi::TypeError::New(env, "features have been released");
  if (features->rows() != rows || features->dims() != dims) {
    throw Napi::RangeError::New(env, "features on the device are " + shape_text(features->rows(), features->dims()) +
                                         " instead of " + shape_text(rows, dims));
  }
  return {features, nullptr, {}};
}

Napi::Value device_failure_value(const Napi::Env& env, const std::string& reason) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("deviceFailure", reason);
  return value;
}

Napi::Value upload_features(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::size_t rows = count_argument(info[1], "rows", 0);
  const std::size_t dims = count_argument(info[2], "dims", 1);
  const std::size_t device = count_argument(info[3], "device", 0);
  const Napi::Float32Array features = float32_array(info[0], "features");
  check_length(env, features.ElementLength(), product(env, rows, dims), "features", "rows * dims");

  const float* values = features.Data();
  return Job<Upload>::start(
      env, {"the upload of " + shape_text(rows, dims) + " features",
            {features},
            [=]() -> Upload {
              try {
                return {std::make_shared<const SHIFTSCOPE_CUDA::Features>(device_with(device), values, rows, dims), {}};
              } catch (const SHIFTSCOPE_CUDA::DeviceError& error) {
                return {nullptr, error.what()};
              }
            },
            upload_value});
}

Napi::Value release_features(const Napi::CallbackInfo& info) {
  features_of(info[0], "a handle of features on a device").reset();
  return info.Env().Undefined();
}

}  // namespace shiftscope::binding
