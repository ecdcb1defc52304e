#include "cosine.h"
#include "device.h"
#include "features.h"
#include "svm.h"

// Without CUDA, this file replaces all other sources of this folder.
namespace shiftscope::cuda {

Devices find_devices(std::optional<std::size_t>) {
  return {{},
          "built without CUDA kernels (" SHIFTSCOPE_CUDA_ABSENCE
          "): with nvcc 12 or newer, SHIFTSCOPE_CUDA=1 npm run build:native builds them in"};
}

Features::Features(const Device&, const float*, std::size_t, std::size_t) {
  throw DeviceError("built without CUDA kernels");
}

// These functions are never called, because no `Features` can exist.

CosineFault cosine_similarity(const Features&, const float*, std::size_t, float*) { return {}; }

std::unique_ptr<SvmFeatures> svm_features(const Features&) { return {}; }

}  // namespace shiftscope::cuda
