#include "device.h"
#include "svm.h"

// In the place of all other sources where CUDA is not built: what the addon calls.
namespace shiftscope::cuda {

Devices find_devices() { return {{}, "built without CUDA kernels"}; }

SvmResult train_svm(const Device&, const float*, std::size_t, std::size_t, const std::int8_t*, std::size_t,
                    const SvmOptions&, double*, double*) {
  throw DeviceError("built without CUDA kernels", false);
}

}  // namespace shiftscope::cuda
