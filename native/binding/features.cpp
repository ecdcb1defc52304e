#include "features.h"

#include <limits>
#include <string>
#include <utility>

#include "../cuda/cosine.h"
#include "../cuda/device.h"
#include "argmax.h"
#include "arguments.h"
#include "cosine.h"

namespace shiftscope::binding {
namespace {

/// The JavaScript object for features on a device. When a script releases it, its pointer becomes null.
using Handle = Napi::External<DeviceFeatures>;

/// Marks handles of this addon, to tell them from external values of other addons.
constexpr napi_type_tag kTag{0x5f3c1e0b9a7d4286, 0xa1d87b64c20e93f5};

/// Largest number of dims on a device, because the kernels count dims in 32 bits.
constexpr std::size_t kMostDeviceDims = std::size_t{1} << 31;

/// Returns the features of a handle. Throws a TypeError if the value is not a handle. expected: for the message.
DeviceFeatures& features_of(const Napi::Value& value, const char* expected) {
  if (!value.IsExternal() || !value.As<Handle>().CheckTypeTag(&kTag)) {
    throw Napi::TypeError::New(value.Env(), std::string("features must be ") + expected);
  }
  return *value.As<Handle>().Data();
}

SHIFTSCOPE_CUDA::Device device_with(std::size_t index) {
  const SHIFTSCOPE_CUDA::Devices found = SHIFTSCOPE_CUDA::find_devices(index);
  if (found.all.empty()) throw SHIFTSCOPE_CUDA::DeviceError(found.reason);
  return found.all.front();
}

/// Makes a new handle and returns the object { handle }.
Napi::Value handle_value(const Napi::Env& env, const DeviceFeatures& features) {
  auto held = std::make_unique<DeviceFeatures>(features);
  const Handle handle = Handle::New(env, held.get(), [](Napi::Env, DeviceFeatures* data) { delete data; });
  static_cast<void>(held.release());  // the handle owns it now
  handle.TypeTag(&kTag);
  Napi::Object value = Napi::Object::New(env);
  value.Set("handle", handle);
  return value;
}

const char* name_of(CosineFault::Reason reason) {
  switch (reason) {
    case CosineFault::Reason::zero: return "zero";
    case CosineFault::Reason::not_a_number: return "nan";
    case CosineFault::Reason::infinite: return "infinite";
    case CosineFault::Reason::none: break;
  }
  return "none";
}

/// Returns undefined if there is no fault, otherwise { source, row, reason }.
Napi::Value fault_value(const Napi::Env& env, const CosineFault& fault) {
  if (fault.reason == CosineFault::Reason::none) return env.Undefined();
  Napi::Object value = Napi::Object::New(env);
  value.Set("source", fault.in_anchors ? "anchors" : "features");
  value.Set("row", static_cast<double>(fault.index));
  value.Set("reason", name_of(fault.reason));
  return value;
}

}  // namespace

FeatureMatrix feature_matrix(const Napi::Value& value, std::size_t rows, std::size_t dims) {
  const Napi::Env env = value.Env();
  if (!value.IsExternal()) {
    const auto array = float32_array(value, "features", product(env, rows, dims), "rows * dims");
    return {nullptr, array.Data(), {array}};
  }
  const DeviceFeatures& features = features_of(value, "a Float32Array or a handle of features on a device");
  if (!features) throw Napi::TypeError::New(env, "features have been released");
  if (features->rows() != rows || features->dims() != dims) {
    throw Napi::RangeError::New(env, "features on the device are " + shape_text(features->rows(), features->dims()) +
                                         " instead of " + shape_text(rows, dims));
  }
  return {features, nullptr, {}};
}

Napi::Value upload_features(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::size_t rows = count_argument(info[1], "rows", 0);
  const std::size_t dims = count_argument(info[2], "dims", 1, kMostDeviceDims);
  const std::size_t device = count_argument(info[3], "device", 0);
  const auto array = float32_array(info[0], "features", product(env, rows, dims), "rows * dims");
  const auto upload = [=, values = array.Data()] {
    auto features = std::make_shared<const SHIFTSCOPE_CUDA::Features>(device_with(device), values, rows, dims);
    return [features](const Napi::Env& env) { return handle_value(env, features); };
  };
  return start_job(
      env, {"the upload of " + shape_text(rows, dims) + " features", {array}, [=] { return or_device_failure(upload); }});
}

Napi::Value release_features(const Napi::CallbackInfo& info) {
  features_of(info[0], "a handle of features on a device").reset();
  return info.Env().Undefined();
}

Napi::Value cosine_similarity(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::size_t rows = count_argument(info[1], "rows", 0);
  const std::size_t dims = count_argument(info[2], "dims", 1);
  const std::size_t anchor_count = count_argument(info[4], "anchorCount", 0);
  const std::size_t threads = count_argument(info[5], "threads", 1);
  const auto [on_device, values, arrays] = feature_matrix(info[0], rows, dims);
  const auto anchors = float32_array(info[3], "anchors", product(env, anchor_count, dims), "anchorCount * dims");
  auto out = float32_array(info[6], "out", product(env, anchor_count, rows), "anchorCount * rows");

  const auto compare = [=, device = on_device, features = values, anchors = anchors.Data(), out = out.Data()] {
    const CosineFault fault =
        device ? SHIFTSCOPE_CUDA::cosine_similarity(*device, anchors, anchor_count, out)
               : shiftscope::cosine_similarity(features, rows, dims, anchors, anchor_count, threads, out);
    return [fault](const Napi::Env& env) { return fault_value(env, fault); };
  };
  Work work{"the similarity of " + shape_text(rows, dims) + " features with " + std::to_string(anchor_count) + " anchors",
            arrays, [=] { return or_device_failure(compare); }};
  work.arrays.insert(work.arrays.end(), {anchors, out});
  return start_job(env, std::move(work));
}

Napi::Value argmax(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::size_t rows = count_argument(info[1], "rows", 0);
  const std::size_t dims = count_argument(info[2], "dims", 1, std::numeric_limits<std::int32_t>::max());
  const std::size_t threads = count_argument(info[3], "threads", 1);
  const auto features = float32_array(info[0], "features", product(env, rows, dims), "rows * dims");
  auto out = int32_array(info[4], "out", rows, "rows");
  return start_job(env, {"the largest of " + shape_text(rows, dims) + " features",
                         {features, out},
                         [=, features = features.Data(), out = out.Data()] {
                           shiftscope::argmax(features, rows, dims, threads, out);
                           return to_undefined;
                         }});
}

}  // namespace shiftscope::binding
