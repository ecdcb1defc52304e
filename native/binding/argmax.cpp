#include "argmax.h"

#include <limits>

#include "arguments.h"
#include "job.h"
#include "operations.h"

namespace shiftscope::binding {

Napi::Value argmax(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::size_t rows = count_argument(info[1], "rows", 0);
  const std::size_t dims = count_argument(info[2], "dims", 1, std::numeric_limits<std::int32_t>::max());
  const std::size_t threads = count_argument(info[3], "threads", 1);
  const Napi::Float32Array features = float32_array(info[0], "features");
  Napi::Int32Array out = int32_array(info[4], "out");
  check_length(env, features.ElementLength(), product(env, rows, dims), "features", "rows * dims");
  check_length(env, out.ElementLength(), rows, "out", "rows");

  const float* feature_data = features.Data();
  std::int32_t* out_data = out.Data();
  return Job<Nothing>::start(env, {"the largest of " + shape_text(rows, dims) + " features",
                                   {features, out},
                                   [=] {
                                     shiftscope::argmax(feature_data, rows, dims, threads, out_data);
                                     return Nothing{};
                                   },
                                   undefined_value});
}

}  // namespace shiftscope::binding
