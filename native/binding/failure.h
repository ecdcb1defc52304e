#pragma once

#include <napi.h>

#include <string>

/// C++ exceptions on their way to JavaScript: none may cross the border, where it would end the process.
namespace shiftscope::binding {

/// An exception as JavaScript will see it.
struct Failure {
  enum class Kind { error, range_error, type_error };
  Kind kind;
  std::string message;  ///< one line
};

/// Of the exception that is being handled. std::out_of_range is a RangeError, std::invalid_argument what `invalid` says,
/// any other an Error. Memory that has run out is a RangeError that names what it was for.
Failure current_failure(const std::string& what, Failure::Kind invalid = Failure::Kind::error);

Napi::Error error_of(const Napi::Env& env, const Failure& failure);

/// What work() gives, its exceptions as those of JavaScript. It may call JavaScript.
template <class Work>
auto translated(const Napi::Env& env, const std::string& what, Failure::Kind invalid, const Work& work) {
  try {
    return work();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw error_of(env, current_failure(what, invalid));
  }
}

}  // namespace shiftscope::binding
