#include "backend.h"

#include "../cuda/cosine.h"
#include "../cuda/device.h"
#include "../cuda/features.h"
#include "../cuda/svm.h"

// This file is compiled twice: for CUDA and for the emulated device.
namespace shiftscope::SHIFTSCOPE_CUDA {
namespace {

#if defined(SHIFTSCOPE_EMULATED_CUDA)
constexpr bool kEmulated = true;
#else
constexpr bool kEmulated = false;
#endif

test::Backend backend_of(const Device& device) {
  test::Backend backend;
  backend.name = device.name;
  backend.emulated = kEmulated;
  backend.cosine_similarity = [=](const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                                  std::size_t count, float* out) {
    return cosine_similarity(Features(device, features, rows, dims), anchors, count, out);
  };
  backend.with_svm_features = [=](const float* values, std::size_t rows, std::size_t dims, const auto& work) {
    const Features features(device, values, rows, dims);
    work(*svm_features(features));
  };
  return backend;
}

}  // namespace

std::vector<test::Backend> backends() {
  std::vector<test::Backend> all;
  for (const Device& device : find_devices().all) all.push_back(backend_of(device));
  return all;
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
