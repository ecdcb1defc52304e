#include "../cuda/device.h"

#include <optional>
#include <string>

#include "arguments.h"
#include "operations.h"

namespace shiftscope::binding {

/// cudaDevices(index?): { devices: { index, name, computeCapability, memoryBytes }[], reason }. Tries every device out, or the
/// one of this index, which takes some tenths of a second each the first time.
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

}  // namespace shiftscope::binding
