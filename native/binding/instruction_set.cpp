#include "instruction_set.h"

#include <cstdint>
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

Napi::Value available_instruction_set_names(const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env());
  for (InstructionSet level : available_instruction_sets()) names.Set(names.Length(), name_of(level));
  return names;
}

}  // namespace shiftscope::binding
