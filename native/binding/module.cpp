#include "arguments.h"
#include "operations.h"

namespace {

namespace binding = shiftscope::binding;

Napi::Object exports_of(Napi::Env env, Napi::Object exports) {
  binding::prepare_arrays(env);
  exports.Set("Compositor", binding::compositor_class(env));
  exports.Set("cosineSimilarity", Napi::Function::New<binding::cosine_similarity>(env));
  exports.Set("argmax", Napi::Function::New<binding::argmax>(env));
  exports.Set("uploadFeatures", Napi::Function::New<binding::upload_features>(env));
  exports.Set("releaseFeatures", Napi::Function::New<binding::release_features>(env));
  exports.Set("trainSvm", Napi::Function::New<binding::train_svm>(env));
  exports.Set("measureWriteBandwidth", Napi::Function::New<binding::measure_write_bandwidth>(env));
  exports.Set("measureReadBandwidth", Napi::Function::New<binding::measure_read_bandwidth>(env));
  exports.Set("instructionSet", Napi::Function::New<binding::instruction_set_name>(env));
  exports.Set("cudaDevices", Napi::Function::New<binding::cuda_devices>(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(shiftscope, exports_of)
