#include "cosine.h"

#include <string>
#include <utility>

#include "../cuda/cosine.h"

#include "arguments.h"
#include "device_features.h"
#include "job.h"
#include "operations.h"

namespace shiftscope::binding {
namespace {

const char* name_of(CosineFault::Reason reason) {
  switch (reason) {
    case CosineFault::Reason::zero: return "zero";
    case CosineFault::Reason::not_a_number: return "nan";
    case CosineFault::Reason::infinite: return "infinite";
    case CosineFault::Reason::none: break;
  }
  return "none";
}

struct Comparison {
  CosineFault fault;
  std::string device_failure;  ///< why the device gave no cosines
};

/// Undefined, { source, row, reason } or { deviceFailure }.
Napi::Value comparison_value(const Napi::Env& env, const Comparison& comparison) {
  const auto& [fault, device_failure] = comparison;
  if (!device_failure.empty()) return device_failure_value(env, device_failure);
  if (fault.reason == CosineFault::Reason::none) return env.Undefined();
  Napi::Object value = Napi::Object::New(env);
  value.Set("source", fault.in_anchors ? "anchors" : "features");
  value.Set("row", static_cast<double>(fault.index));
  value.Set("reason", name_of(fault.reason));
  return value;
}

}  // namespace

Napi::Value cosine_similarity(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::size_t rows = count_argument(info[1], "rows", 0);
  const std::size_t dims = count_argument(info[2], "dims", 1);
  const std::size_t anchor_count = count_argument(info[4], "anchorCount", 0);
  const std::size_t threads = count_argument(info[5], "threads", 1);
  FeatureMatrix features = feature_matrix(info[0], rows, dims);
  const Napi::Float32Array anchors = float32_array(info[3], "anchors");
  Napi::Float32Array out = float32_array(info[6], "out");
  check_length(env, anchors.ElementLength(), product(env, anchor_count, dims), "anchors", "anchorCount * dims");
  check_length(env, out.ElementLength(), product(env, anchor_count, rows), "out", "anchorCount * rows");

  const float* anchor_data = anchors.Data();
  float* out_data = out.Data();
  features.arrays.insert(features.arrays.end(), {anchors, out});
  auto compare = [=, on_device = features.on_device, values = features.values]() -> Comparison {
    if (!on_device) {
      return {shiftscope::cosine_similarity(values, rows, dims, anchor_data, anchor_count, threads, out_data), {}};
    }
    try {
      return {SHIFTSCOPE_CUDA::cosine_similarity(*on_device, anchor_data, anchor_count, out_data), {}};
    } catch (const SHIFTSCOPE_CUDA::DeviceError& error) {
      return {{}, error.what()};
    }
  };
  const std::string name =
      "the similarity of " + shape_text(rows, dims) + " features with " + std::to_string(anchor_count) + " anchors";
  return Job<Comparison>::start(env, {name, features.arrays, std::move(compare), comparison_value});
}

}  // namespace shiftscope::binding
