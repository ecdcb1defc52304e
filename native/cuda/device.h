#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// Everything in this folder lies in the namespace `cuda`. The tests also compile it for an emulated device
/// (native/test/emulation.h), in another namespace, so that one program can hold both.
#if defined(SHIFTSCOPE_EMULATED_CUDA)
#define SHIFTSCOPE_CUDA emulated_cuda
#else
#define SHIFTSCOPE_CUDA cuda
#endif

/// The CUDA devices of this machine. This header needs no CUDA: without it at build time there are no devices, and the
/// reason says so.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// A call of the CUDA runtime failed. The message is like "cudaMalloc: out of memory (cudaErrorMemoryAllocation)". If a
/// kernel fails, a later call reports it. After any error except a lack of memory, this process cannot use the device
/// any more.
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
  std::string reason;  ///< why some or all devices of the machine are not among them, and what to do; may be empty
};

/// Returns the devices that work: memory was allocated and written on each of them. only: tries the device with this
/// index and leaves the others alone. Never throws.
Devices find_devices(std::optional<std::size_t> only = std::nullopt);

/// Selects the device for the calling thread. Throws DeviceError.
void use(int device);

/// Throws DeviceError, naming the call, unless `status`, a cudaError_t, is success.
void check(const char* call, int status);

}  // namespace shiftscope::SHIFTSCOPE_CUDA
