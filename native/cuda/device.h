#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// Everything in this folder lies in one namespace, `cuda`, but when the tests compile it for the emulation of a device
/// (native/test/emulation.h), so that one program can hold both.
#if defined(SHIFTSCOPE_EMULATED_CUDA)
#define SHIFTSCOPE_CUDA emulated_cuda
#else
#define SHIFTSCOPE_CUDA cuda
#endif

/// The CUDA devices of this machine. This header needs no CUDA: without it at build time there are no devices, and the
/// reason says so.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// A call of the CUDA runtime that failed, as "cudaMalloc: out of memory (cudaErrorMemoryAllocation)". A kernel's own
/// failure shows in a later call. After anything but a lack of memory the device cannot be used by this process any more.
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

/// The devices that answer: each of them has been given memory and has written to it. `only`: the one with this index, the
/// others being left alone. Never throws.
Devices find_devices(std::optional<std::size_t> only = std::nullopt);

/// Makes the device that of the calling thread. Throws DeviceError.
void use(int device);

/// Throws DeviceError, naming the call, unless `status`, a cudaError_t, is success.
void check(const char* call, int status);

}  // namespace shiftscope::SHIFTSCOPE_CUDA
