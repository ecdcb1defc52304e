#include "bandwidth.h"

#include "arguments.h"
#include "job.h"
#include "operations.h"

namespace shiftscope::binding {

Napi::Value measure_write_bandwidth(const Napi::CallbackInfo& info) {
  Napi::Float32Array buffer = float32_array(info[0], "buffer");
  const std::size_t threads = count_argument(info[1], "threads", 1);
  float* data = buffer.Data();
  const std::size_t bytes = buffer.ByteLength();
  return Job<WriteBandwidth>::start(
      info.Env(), {buffer}, [=] { return write_bandwidth(data, bytes, threads); },
      [](const Napi::Env& env, const WriteBandwidth& measured) -> Napi::Value {
        Napi::Object value = Napi::Object::New(env);
        value.Set("fill", measured.fill);
        value.Set("memset", measured.memset);
        value.Set("string", measured.string);
        value.Set("stream", measured.stream);
        return value;
      });
}

Napi::Value measure_read_bandwidth(const Napi::CallbackInfo& info) {
  const Napi::Float32Array buffer = float32_array(info[0], "buffer");
  const std::size_t threads = count_argument(info[1], "threads", 1);
  const float* data = buffer.Data();
  const std::size_t bytes = buffer.ByteLength();
  return Job<double>::start(
      info.Env(), {buffer}, [=] { return read_bandwidth(data, bytes, threads); },
      [](const Napi::Env& env, const double& measured) -> Napi::Value { return Napi::Number::New(env, measured); });
}

}  // namespace shiftscope::binding
