#include "svm.h"

#include <string>

#include "../cuda/device.h"
#include "../cuda/svm.h"

#include "arguments.h"
#include "job.h"
#include "operations.h"

namespace shiftscope::binding {
namespace {

Loss loss_of(const Napi::Value& value) {
  const std::string name = string_argument(value, "loss");
  if (name != "hinge" && name != "squared-hinge") {
    throw Napi::TypeError::New(value.Env(), "loss must be 'hinge' or 'squared-hinge'");
  }
  return name == "hinge" ? Loss::hinge : Loss::squared_hinge;
}

/// A finite number above 0, in double precision.
double positive_argument(const Napi::Value& value, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  if (!(number > 0 && number <= 1.7976931348623157e308)) {
    throw Napi::RangeError::New(value.Env(), std::string(name) + " must be a positive number");
  }
  return number;
}

SHIFTSCOPE_CUDA::Device device_with(std::size_t index) {
  const SHIFTSCOPE_CUDA::Devices found = SHIFTSCOPE_CUDA::find_devices(index);
  if (found.all.empty()) throw SHIFTSCOPE_CUDA::DeviceError(found.reason, false);
  return found.all.front();
}

/// Without a device failure and unless it was stopped, the result.
struct Training {
  SvmResult result;
  std::string device_failure;  ///< why the device did not train
  bool stopped = false;
};

/// A number that JavaScript changes with Atomics.store while the training reads it.
const std::atomic<std::int32_t>* shared_number(const Napi::Int32Array& array) {
  static_assert(sizeof(std::atomic<std::int32_t>) == sizeof(std::int32_t) &&
                std::atomic<std::int32_t>::is_always_lock_free);
  return reinterpret_cast<const std::atomic<std::int32_t>*>(array.Data());
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
  Napi::Object value = Napi::Object::New(env);
  if (stopped) {
    value.Set("stopped", true);
    return value;
  }
  if (!device_failure.empty()) {
    value.Set("deviceFailure", device_failure);
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
  const Napi::Float32Array features = float32_array(property(given, "features"), "features");
  const std::size_t rows = count_argument(property(given, "rows"), "rows", 0);
  const std::size_t dims = count_argument(property(given, "dims"), "dims", 1);
  const Napi::Int8Array labels = int8_array(property(given, "labels"), "labels");
  const std::size_t problems = count_argument(property(given, "problems"), "problems", 0);
  Napi::Float64Array decisions = float64_array(property(given, "decisions"), "decisions");
  const Napi::Int32Array stop = int32_array(property(given, "stop"), "stop");
  SvmOptions options;
  options.loss = loss_of(property(given, "loss"));
  options.C = positive_argument(property(given, "C"), "C");
  options.tolerance = positive_argument(property(given, "tolerance"), "tolerance");
  options.pass_limit = count_argument(property(given, "passLimit"), "passLimit", 1);
  options.threads = count_argument(property(given, "threads"), "threads", 1);
  check_length(env, features.ElementLength(), product(env, rows, dims), "features", "rows * dims");
  check_length(env, labels.ElementLength(), product(env, problems, rows), "labels", "problems * rows");
  check_length(env, decisions.ElementLength(), product(env, problems, rows), "decisions", "problems * rows");
  check_length(env, stop.ElementLength(), 1, "stop", "1");
  options.stop = shared_number(stop);

  // Without it, the processor trains.
  const Napi::Value device = given.Get("cudaDevice");
  const bool on_device = !device.IsUndefined();
  const std::size_t device_index = on_device ? count_argument(device, "cudaDevice", 0) : 0;
  const float* feature_data = features.Data();
  const std::int8_t* label_data = labels.Data();
  double* decision_data = decisions.Data();
  return Job<Training>::start(
      env, {features, labels, decisions, stop},
      [=]() -> Training {
        try {
          if (!on_device) {
            return {shiftscope::train_svm(feature_data, rows, dims, label_data, problems, options, decision_data), {}};
          }
          return {SHIFTSCOPE_CUDA::train_svm(device_with(device_index), feature_data, rows, dims, label_data, problems,
                                             options, decision_data),
                  {}};
        } catch (const SHIFTSCOPE_CUDA::DeviceError& error) {
          return {{}, error.what()};
        } catch (const SvmStopped&) {
          return {{}, {}, true};
        }
      },
      training_value);
}

}  // namespace shiftscope::binding
