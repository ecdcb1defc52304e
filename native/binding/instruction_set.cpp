#include "instruction_set.h"

#include <stdexcept>

#include "operations.h"

namespace shiftscope::binding {

Napi::Value instruction_set_name(const Napi::CallbackInfo& info) {
  try {
    return Napi::String::New(info.Env(), name_of(instruction_set()));
  } catch (const std::runtime_error& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

}  // namespace shiftscope::binding
