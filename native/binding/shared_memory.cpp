#include "shared_memory.h"

#include <climits>
#include <memory>
#include <stdexcept>

#include "arguments.h"
#include "operations.h"

namespace shiftscope::binding {
namespace {

int descriptor_argument(const Napi::Value& value) {
  const std::size_t number = count_argument(value, "descriptor", 0);
  if (number > INT_MAX) throw Napi::RangeError::New(value.Env(), "descriptor is larger than any can be");
  return static_cast<int>(number);
}

/// What work() gives, its exceptions as those of JavaScript.
template <class Work>
auto translated(const Napi::Env& env, const Work& work) {
  try {
    return work();
  } catch (const std::out_of_range& error) {
    throw Napi::RangeError::New(env, error.what());
  } catch (const std::invalid_argument& error) {
    throw Napi::TypeError::New(env, error.what());
  } catch (const std::runtime_error& error) {
    throw Napi::Error::New(env, error.what());
  }
}

}  // namespace

Napi::Value create_shared_memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<int> descriptor = translated(env, [] { return shiftscope::create_shared_memory(); });
  return descriptor ? Napi::Number::New(env, *descriptor) : env.Undefined();
}

Napi::Value grow_shared_memory(const Napi::CallbackInfo& info) {
  const int descriptor = descriptor_argument(info[0]);
  const std::size_t bytes = count_argument(info[1], "bytes", 0);
  translated(info.Env(), [&] { shiftscope::grow_shared_memory(descriptor, bytes); });
  return info.Env().Undefined();
}

/// An ArrayBuffer whose memory is unmapped when it is collected.
Napi::Value map_shared_memory(const Napi::CallbackInfo& info) {
  const int descriptor = descriptor_argument(info[0]);
  const std::size_t bytes = count_argument(info[1], "bytes", 1);
  auto mapping = translated(info.Env(), [&] { return std::make_unique<SharedMapping>(descriptor, bytes); });
  const Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(
      info.Env(), mapping->data(), mapping->bytes(), [](Napi::Env, void*, SharedMapping* ended) { delete ended; },
      mapping.get());
  static_cast<void>(mapping.release());
  return buffer;
}

}  // namespace shiftscope::binding
