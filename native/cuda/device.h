#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// Name of the namespace of this folder. Tests also compile the folder for an emulated device
/// (native/test/emulation.h), in another namespace, so that one program can contain both.
#if defined(SHIFTSCOPE_EMULATED_CUDA)
#define SHIFTSCOPE_CUDA emulated_cuda
#else
#define SHIFTSCOPE_CUDA cuda
#endif

/// The CUDA devices of this machine. This header also works in a build without CUDA: then `find_devices` finds none,
/// and `reason` says why.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// Thrown if a call of the CUDA runtime failed. The message is like "cudaMalloc: out of memory
/// (cudaErrorMemoryAllocation)". If a kernel fails, a later call reports it. After any error except a lack of memory,
/// this process can no longer use the device.
struct DeviceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Device {
  int index = 0;
  std::string name;
  int major = 0, minor = 0;  ///< compute capability
  std::size_t memory_bytes = 0;
};

struct Devices {
  std::vector<Device> all;
  std::string reason;  ///< why devices are missing or unusable, and what to do; empty if all work
};

/// Returns the devices that work: on each, memory was allocated and written. Never throws.
/// only: index of the only device to try; all are tried without it.
Devices find_devices(std::optional<std::size_t> only = std::nullopt);

/// Selects the device for the calling thread. Throws DeviceError.
void use(int device);

/// Throws DeviceError unless `status`, a cudaError_t, is cudaSuccess. call: name of the failed call, for the message.
void check(const char* call, int status);

}  // namespace shiftscope::SHIFTSCOPE_CUDA
