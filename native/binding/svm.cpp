#include "svm.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../cuda/svm.h"

#include "arguments.h"
#include "device_features.h"
#include "failure.h"
#include "long_job.h"
#include "operations.h"
#include "parallel.h"

namespace shiftscope::binding {
namespace {

/// Samples have numbers of 32 bits.
constexpr std::size_t kMostRows = std::numeric_limits<std::uint32_t>::max();

/// A finite number above 0, in double precision.
double positive_argument(const Napi::Value& value, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  if (!(number > 0 && number <= 1.7976931348623157e308)) {
    throw Napi::RangeError::New(value.Env(), std::string(name) + " must be a positive number");
  }
  return number;
}

/// Without a device failure and unless it was stopped, the result.
struct Training {
  SvmResult result;
  std::string device_failure;  ///< why the device did not train
  bool stopped = false;
};

/// A number that JavaScript changes with Atomics.store while the training reads it.
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

/// { solutions, passes, gramSamples }, { fault }, { deviceFailure }, or { stopped: true }.
Napi::Value training_value(const Napi::Env& env, const Training& training) {
  const auto& [result, device_failure, stopped] = training;
  if (!device_failure.empty()) return device_failure_value(env, device_failure);
  Napi::Object value = Napi::Object::New(env);
  if (stopped) {
    value.Set("stopped", true);
    return value;
  }
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

}  // namespace

Napi::Value train_svm(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) throw Napi::TypeError::New(env, "the options must be an object");
  const Napi::Object given = info[0].As<Napi::Object>();
  const std::size_t rows = count_argument(property(given, "rows"), "rows", 0, kMostRows);
  const std::size_t dims = count_argument(property(given, "dims"), "dims", 1);
  const std::size_t problems = count_argument(property(given, "problems"), "problems", 0);
  SvmOptions options;
  options.C = positive_argument(property(given, "C"), "C");
  options.tolerance = positive_argument(property(given, "tolerance"), "tolerance");
  options.pass_limit = count_argument(property(given, "passLimit"), "passLimit", 1);
  // Problems that are solved side by side share the threads, each of them as many as there are of these.
  options.threads = std::min(count_argument(property(given, "threads"), "threads", 1), kMostWorkers);
  const Napi::Value features_value = property(given, "features"), labels_value = property(given, "labels");
  const Napi::Value decisions_value = property(given, "decisions"), stop_value = property(given, "stop");

  FeatureMatrix features = feature_matrix(features_value, rows, dims);
  const Napi::Int8Array labels = int8_array(labels_value, "labels");
  Napi::Float64Array decisions = float64_array(decisions_value, "decisions");
  const Napi::Int32Array stop = int32_array(stop_value, "stop");
  check_length(env, labels.ElementLength(), product(env, problems, rows), "labels", "problems * rows");
  check_length(env, decisions.ElementLength(), product(env, problems, rows), "decisions", "problems * rows");
  check_length(env, stop.ElementLength(), 1, "stop", "1");

  const std::string name =
      "the training of " + std::to_string(problems) + " problems on " + shape_text(rows, dims) + " features";
  // What is counted of them at the beginning has to hold until the end, whoever writes into the array.
  std::vector<std::int8_t> own_labels = translated(env, name, Failure::Kind::error, [&] {
    return std::vector<std::int8_t>(labels.Data(), labels.Data() + labels.ElementLength());
  });
  std::atomic<std::int32_t>* stopped = shared_number(stop);
  options.stop = stopped;
  double* decision_data = decisions.Data();
  features.arrays.insert(features.arrays.end(), {decisions, stop});
  auto train = [=, on_device = features.on_device, values = features.values,
                own_labels = std::move(own_labels)]() -> Training {
    try {
      if (!on_device) {
        return {shiftscope::train_svm(values, rows, dims, own_labels.data(), problems, options, decision_data), {}};
      }
      return {SHIFTSCOPE_CUDA::train_svm(*on_device, own_labels.data(), problems, options, decision_data), {}};
    } catch (const SHIFTSCOPE_CUDA::DeviceError& error) {
      return {{}, error.what()};
    } catch (const SvmStopped&) {
      return {{}, {}, true};
    }
  };
  return LongJob<Training>::start(env, {name, features.arrays, std::move(train), training_value},
                                  [stopped] { stopped->store(1); });
}

}  // namespace shiftscope::binding
