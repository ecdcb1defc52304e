#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// The namespace of this folder. Tests also compile the folder for an emulated device (native/test/emulation.h), in
/// another namespace, so that one program can contain both.
#if defined(SHIFTSCOPE_EMULATED_CUDA)
#define SHIFTSCOPE_CUDA emulated_cuda
#else
#define SHIFTSCOPE_CUDA cuda
#endif

/// The CUDA devices of this machine. This header also works without CUDA: then there are no devices, and `reason` says
/// so.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// A call of the CUDA runtime failed. The message is like "cudaMalloc: out of memory (cudaErrorMemoryAllocation)". If a
/// kernel fails, a later call reports it. After any error except a lack of memory, this process can no longer use the
/// device.
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
  std::string reason;  ///< why devices are missing, and what to do; empty if none is
};

/// Returns the devices that work: on each, memory was allocated and written. only: tries just the device with this
/// index. Never throws.
Devices find_devices(std::optional<std::size_t> only = std::nullopt);

/// Selects the device for the calling thread. Throws DeviceError.
void use(int device);

/// Throws DeviceError unless `status`, a cudaError_t, is success. call: name for the message.
void check(const char* call, int status);

}  // namespace shiftscope::SHIFTSCOPE_CUDA
