#include <exception>
#include <optional>

#include "../cuda/device.h"
#include "arguments.h"
#include "instruction_set.h"

/// The exports of the addon. src/native.ts describes them.
namespace shiftscope::binding {

Napi::Function compositor_class(const Napi::Env& env);
Napi::Value cosine_similarity(const Napi::CallbackInfo& info);
Napi::Value argmax(const Napi::CallbackInfo& info);
Napi::Value upload_features(const Napi::CallbackInfo& info);
Napi::Value release_features(const Napi::CallbackInfo& info);
Napi::Value resize_on_white(const Napi::CallbackInfo& info);
Napi::Value train_svm(const Napi::CallbackInfo& info);

namespace {

Napi::Value instruction_set_name(const Napi::CallbackInfo& info) {
  return translated(info.Env(), "the instruction set",
                    [&] { return Napi::String::New(info.Env(), name_of(instruction_set())); });
}

/// cudaDevices(index?) returns { devices: { index, name, computeCapability, memoryBytes }[], reason }. It tries all
/// devices, or only the given one. The first call takes some tenths of a second per device.
Napi::Value cuda_devices(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::optional<std::size_t> only;
  if (!info[0].IsUndefined()) only = count_argument(info[0], "index", 0);
  const SHIFTSCOPE_CUDA::Devices found = SHIFTSCOPE_CUDA::find_devices(only);
  Napi::Array devices = Napi::Array::New(env);
  for (const SHIFTSCOPE_CUDA::Device& device : found.all) {
    Napi::Object value = Napi::Object::New(env);
    value.Set("index", device.index);
    value.Set("name", device.name);
    value.Set("computeCapability", std::to_string(device.major) + "." + std::to_string(device.minor));
    value.Set("memoryBytes", static_cast<double>(device.memory_bytes));
    devices.Set(devices.Length(), value);
  }
  Napi::Object value = Napi::Object::New(env);
  value.Set("devices", devices);
  value.Set("reason", found.reason);
  return value;
}

Napi::Object exports_of(Napi::Env env, Napi::Object exports) {
  prepare_arrays(env);
  exports.Set("Compositor", compositor_class(env));
  exports.Set("cosineSimilarity", Napi::Function::New<cosine_similarity>(env));
  exports.Set("argmax", Napi::Function::New<argmax>(env));
  exports.Set("uploadFeatures", Napi::Function::New<upload_features>(env));
  exports.Set("releaseFeatures", Napi::Function::New<release_features>(env));
  exports.Set("resizeOnWhite", Napi::Function::New<resize_on_white>(env));
  exports.Set("trainSvm", Napi::Function::New<train_svm>(env));
  exports.Set("instructionSet", Napi::Function::New<instruction_set_name>(env));
  exports.Set("cudaDevices", Napi::Function::New<cuda_devices>(env));
  return exports;
}

}  // namespace
}  // namespace shiftscope::binding

using shiftscope::binding::exports_of;

NODE_API_MODULE(shiftscope, exports_of)
