#pragma once

#include <napi.h>

/// What module.cpp exports, one file per operation; src/native.ts has the types and the contracts.
namespace shiftscope::binding {

Napi::Function compositor_class(const Napi::Env& env);
Napi::Value cosine_similarity(const Napi::CallbackInfo& info);
Napi::Value argmax(const Napi::CallbackInfo& info);
Napi::Value upload_features(const Napi::CallbackInfo& info);
Napi::Value release_features(const Napi::CallbackInfo& info);
Napi::Value train_svm(const Napi::CallbackInfo& info);
Napi::Value measure_write_bandwidth(const Napi::CallbackInfo& info);
Napi::Value measure_read_bandwidth(const Napi::CallbackInfo& info);
Napi::Value instruction_set_name(const Napi::CallbackInfo& info);
Napi::Value cuda_devices(const Napi::CallbackInfo& info);

}  // namespace shiftscope::binding
