#include "svm.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../cuda/svm.h"
#include "arguments.h"
#include "features.h"
#include "parallel.h"

namespace shiftscope::binding {
namespace {

/// Largest number of rows, because the core stores sample indices in 32 bits.
constexpr std::size_t kMostRows = std::numeric_limits<std::uint32_t>::max();

/// The first element of the array, which JavaScript changes with Atomics.store while the training reads it.
std::atomic<std::int32_t>* shared_number(Napi::Int32Array array) {
  static_assert(sizeof(std::atomic<std::int32_t>) == sizeof(std::int32_t) &&
                std::atomic<std::int32_t>::is_always_lock_free);
  return reinterpret_cast<std::atomic<std::int32_t>*>(array.Data());
}

Napi::Value solution_value(const Napi::Env& env, const SvmSolution& solution) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("intercept", solution.intercept);
  value.Set("primal", solution.primal);
  value.Set("dual", solution.dual);
  value.Set("supportVectors", static_cast<double>(solution.support_vectors));
  value.Set("bounded", static_cast<double>(solution.bounded));
  value.Set("converged", solution.converged);
  return value;
}

/// Returns { solutions, passes, gramSamples } or { fault }.
Napi::Value result_value(const Napi::Env& env, const SvmResult& result) {
  Napi::Object value = Napi::Object::New(env);
  if (result.fault) {
    value.Set("fault", static_cast<double>(*result.fault));
    return value;
  }
  Napi::Array solutions = Napi::Array::New(env, result.solutions.size());
  for (std::uint32_t p = 0; p < result.solutions.size(); ++p) solutions.Set(p, solution_value(env, result.solutions[p]));
  value.Set("solutions", solutions);
  value.Set("passes", static_cast<double>(result.passes));
  value.Set("gramSamples", static_cast<double>(result.gram_samples));
  return value;
}

Napi::Value stopped_value(const Napi::Env& env) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("stopped", true);
  return value;
}

}  // namespace

Napi::Value train_svm(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object given = object_argument(info[0], "the options");
  const std::size_t rows = count_argument(property(given, "rows"), "rows", 0, kMostRows);
  const std::size_t dims = count_argument(property(given, "dims"), "dims", 1);
  const std::size_t problems = count_argument(property(given, "problems"), "problems", 0);
  SvmOptions options;
  options.C = positive_argument(property(given, "C"), "C");
  const Napi::Value tolerance = given.Get("tolerance"), pass_limit = given.Get("passLimit");
  if (!tolerance.IsUndefined()) options.tolerance = positive_argument(tolerance, "tolerance");
  if (!pass_limit.IsUndefined()) options.pass_limit = count_argument(pass_limit, "passLimit", 1);
  // Problems that run at the same time divide this number among them, and each of them may start kMostWorkers threads.
  // So the number is limited here, too.
  options.threads = std::min(count_argument(property(given, "threads"), "threads", 1), kMostWorkers);
  const Napi::Value features_value = property(given, "features"), labels_value = property(given, "labels");
  const Napi::Value decisions_value = property(given, "decisions"), stop_value = property(given, "stop");

  const auto [on_device, values, arrays] = feature_matrix(features_value, rows, dims);
  const std::size_t size = product(env, problems, rows);
  const Napi::Int8Array labels = int8_array(labels_value, "labels", size, "problems * rows");
  Napi::Float64Array decisions = float64_array(decisions_value, "decisions", size, "problems * rows");
  const Napi::Int32Array stop = int32_array(stop_value, "stop", 1, "1");

  Work work{"the training of " + std::to_string(problems) + " problems on " + shape_text(rows, dims) + " features", arrays,
            {}};
  work.arrays.insert(work.arrays.end(), {decisions, stop});
  // The labels are copied, because the training counts them and relies on the counts, while JavaScript may change the
  // array.
  auto own_labels =
      translated(env, work.name, [&] { return std::vector<std::int8_t>(labels.Data(), labels.Data() + size); });
  std::atomic<std::int32_t>* const stopped = shared_number(stop);
  options.stop = stopped;
  auto train = [=, device = on_device, values = values, labels = std::move(own_labels),
                      decisions = decisions.Data()]() -> Conversion {
    try {
      auto result = device ? shiftscope::train_svm(*SHIFTSCOPE_CUDA::svm_features(*device), labels.data(), problems,
                                                   options, decisions)
                           : shiftscope::train_svm(values, rows, dims, labels.data(), problems, options, decisions);
      return [result = std::move(result)](const Napi::Env& env) { return result_value(env, result); };
    } catch (const SvmStopped&) {
      return stopped_value;
    }
  };
  work.execute = [train = std::move(train)] { return or_device_failure(train); };
  return start_long_job(env, std::move(work), stopped);
}

}  // namespace shiftscope::binding
