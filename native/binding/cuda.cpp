#include "../cuda/device.h"

#include <string>

#include "operations.h"

namespace shiftscope::binding {

/// { devices: { index, name, computeCapability, memoryBytes }[], reason }. Tries every device out, which takes some tenths
/// of a second each the first time.
Napi::Value cuda_devices(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const cuda::Devices found = cuda::find_devices();
  Napi::Array devices = Napi::Array::New(env);
  for (const cuda::Device& device : found.all) {
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

}  // namespace shiftscope::binding
