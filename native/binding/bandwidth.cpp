#include "bandwidth.h"

#include "arguments.h"
#include "job.h"
#include "operations.h"

namespace shiftscope::binding {
namespace {

Napi::Value rates_value(const Napi::Env& env, const WriteBandwidth& measured) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("fill", measured.fill);
  value.Set("memset", measured.memset);
  value.Set("string", measured.string);
  value.Set("stream", measured.stream);
  return value;
}

Napi::Value rate_value(const Napi::Env& env, const double& measured) { return Napi::Number::New(env, measured); }

}  // namespace

Napi::Value measure_write_bandwidth(const Napi::CallbackInfo& info) {
  const std::size_t threads = count_argument(info[1], "threads", 1);
  Napi::Float32Array buffer = float32_array(info[0], "buffer");
  float* data = buffer.Data();
  const std::size_t bytes = buffer.ByteLength();
  return Job<WriteBandwidth>::start(
      info.Env(),
      {"the bandwidth of writing", {buffer}, [=] { return write_bandwidth(data, bytes, threads); }, rates_value});
}

Napi::Value measure_read_bandwidth(const Napi::CallbackInfo& info) {
  const std::size_t threads = count_argument(info[1], "threads", 1);
  const Napi::Float32Array buffer = float32_array(info[0], "buffer");
  const float* data = buffer.Data();
  const std::size_t bytes = buffer.ByteLength();
  return Job<double>::start(
      info.Env(),
      {"the bandwidth of reading", {buffer}, [=] { return read_bandwidth(data, bytes, threads); }, rate_value});
}

}  // namespace shiftscope::binding
