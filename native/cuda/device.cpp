#include "device.h"

#include "features.h"
#include "runtime.h"

namespace shiftscope::SHIFTSCOPE_CUDA {
namespace {

/// The oldest compute capability that kernels are compiled for.
constexpr int kLeastMajor = 7, kLeastMinor = 5;

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string reason_of(cudaError_t status) {
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  if (driver == 0) return "no NVIDIA driver: install the driver of the card";
  if (status == cudaErrorInsufficientDriver) {
    return "the NVIDIA driver supports CUDA " + version_text(driver) + " and this build needs " + version_text(runtime) +
           ": update the driver, or build with an older CUDA toolkit";
  }
  return std::string("no CUDA device: ") + cudaGetErrorString(status);
}

Device describe(int index) {
  cudaDeviceProp properties;
  check("cudaGetDeviceProperties", cudaGetDeviceProperties(&properties, index));
  return {index, properties.name, properties.major, properties.minor, properties.totalGlobalMem};
}

void try_out(const Device& device) {
  if (device.major < kLeastMajor || (device.major == kLeastMajor && device.minor < kLeastMinor)) {
    throw DeviceError("compute capability " + std::to_string(device.major) + "." + std::to_string(device.minor) +
                          " is older than " + std::to_string(kLeastMajor) + "." + std::to_string(kLeastMinor));
  }
  use(device.index);
  const Stream stream;
  const LeastIndex written(stream);
  stream.synchronise();
}

/// Tries the device. Adds it to `found`, or the reason why it cannot be used.
void find_device(int index, Devices& found) {
  Device device{index, "device " + std::to_string(index), 0, 0, 0};
  try {
    device = describe(index);
    try_out(device);
    found.all.push_back(device);
  } catch (const DeviceError& error) {
    cudaGetLastError();
    if (!found.reason.empty()) found.reason += "; ";
    found.reason += device.name + " cannot be used: " + error.what();
  }
}

}  // namespace

Devices find_devices(std::optional<std::size_t> only) {
  Devices found;
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    cudaGetLastError();
    return {{}, reason_of(status)};
  }
  if (count == 0) {
    found.reason = "there is none; check that nvidia-smi lists the card and CUDA_VISIBLE_DEVICES does not hide it";
  } else if (only && *only >= static_cast<std::size_t>(count)) {
    found.reason = "no such device: the last one of this machine is " + std::to_string(count - 1);
  } else if (only) {
    find_device(static_cast<int>(*only), found);
  } else {
    for (int index = 0; index < count; ++index) find_device(index, found);
  }
  return found;
}

Features::Features(const Device& device, const float* values, std::size_t rows, std::size_t dims)
    : rows_(rows), dims_(dims), device_(device.index) {
  use(device_);
  const Stream stream;
  const auto array = std::make_shared<const Array<float>>(values, rows * dims, stream);
  memory_ = array;
  data_ = array->data();
  stream.synchronise();
}

void use(int device) { check("cudaSetDevice", cudaSetDevice(device)); }

void check(const char* call, int status) {
  const auto error = static_cast<cudaError_t>(status);
  if (error == cudaSuccess) return;
  throw DeviceError(std::string(call) + ": " + cudaGetErrorString(error) + " (" + cudaGetErrorName(error) + ")");
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
