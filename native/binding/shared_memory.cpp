#include "shared_memory.h"

#include <climits>
#include <memory>
#include <string>

#include "arguments.h"
#include "failure.h"
#include "operations.h"

namespace shiftscope::binding {
namespace {

int descriptor_argument(const Napi::Value& value) {
  const std::size_t number = count_argument(value, "descriptor", 0);
  if (number > INT_MAX) throw Napi::RangeError::New(value.Env(), "descriptor is larger than any can be");
  return static_cast<int>(number);
}

/// What an ArrayBuffer keeps of its mapping. Node may call this before it refuses a buffer, at once or later, or never.
void release_mapping(napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<SharedMapping>*>(hint); }

}  // namespace

Napi::Value create_shared_memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<int> descriptor = translated(
      env, "shared memory", Failure::Kind::type_error, [] { return shiftscope::create_shared_memory(); });
  return descriptor ? Napi::Number::New(env, *descriptor) : env.Undefined();
}

Napi::Value grow_shared_memory(const Napi::CallbackInfo& info) {
  const int descriptor = descriptor_argument(info[0]);
  const std::size_t bytes = count_argument(info[1], "bytes", 0);
  translated(info.Env(), "shared memory", Failure::Kind::type_error,
             [&] { shiftscope::grow_shared_memory(descriptor, bytes); });
  return info.Env().Undefined();
}

/// An ArrayBuffer whose memory is unmapped when it is collected.
Napi::Value map_shared_memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int descriptor = descriptor_argument(info[0]);
  const std::size_t bytes = count_argument(info[1], "bytes", 1);
  const std::string what = std::to_string(bytes) + " bytes of shared memory";
  const auto mapping = translated(env, what, Failure::Kind::type_error,
                                  [&] { return std::make_shared<SharedMapping>(descriptor, bytes); });
  auto* kept = new std::shared_ptr<SharedMapping>(mapping);
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(env, mapping->data(), bytes, release_mapping, kept, &buffer) != napi_ok) {
    mapping->unmap();
    napi_value refusal = nullptr;
    napi_get_and_clear_last_exception(env, &refusal);
    throw Napi::RangeError::New(env, what + " are more than this Node.js has in one buffer");
  }
  return Napi::Value(env, buffer);
}

}  // namespace shiftscope::binding
