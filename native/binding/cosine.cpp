#include "cosine.h"

#include "arguments.h"
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

Napi::Value fault_value(const Napi::Env& env, const CosineFault& fault) {
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
  const Napi::Float32Array features = float32_array(info[0], "features");
  const Napi::Float32Array anchors = float32_array(info[3], "anchors");
  Napi::Float32Array out = float32_array(info[6], "out");
  check_length(env, features.ElementLength(), product(env, rows, dims), "features", "rows * dims");
  check_length(env, anchors.ElementLength(), product(env, anchor_count, dims), "anchors", "anchorCount * dims");
  check_length(env, out.ElementLength(), product(env, anchor_count, rows), "out", "anchorCount * rows");

  const float* feature_data = features.Data();
  const float* anchor_data = anchors.Data();
  float* out_data = out.Data();
  return Job<CosineFault>::start(
      env, {"the similarity of " + shape_text(rows, dims) + " features with " + std::to_string(anchor_count) + " anchors",
            {features, anchors, out},
            [=] {
              return shiftscope::cosine_similarity(feature_data, rows, dims, anchor_data, anchor_count, threads, out_data);
            },
            fault_value});
}

}  // namespace shiftscope::binding
