#include "failure.h"

#include <new>
#include <stdexcept>

namespace shiftscope::binding {

Failure current_failure(const std::string& what, Failure::Kind invalid) {
  using Kind = Failure::Kind;
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return {Kind::range_error, "there is no memory for " + what};
  } catch (const std::length_error&) {
    return {Kind::range_error, "there is no memory for " + what};
  } catch (const std::out_of_range& error) {
    return {Kind::range_error, error.what()};
  } catch (const std::invalid_argument& error) {
    return {invalid, error.what()};
  } catch (const std::exception& error) {
    return {Kind::error, error.what()};
  } catch (...) {
    return {Kind::error, what + " failed for an unknown reason"};
  }
}

Napi::Error error_of(const Napi::Env& env, const Failure& failure) {
  switch (failure.kind) {
    case Failure::Kind::range_error: return Napi::RangeError::New(env, failure.message);
    case Failure::Kind::type_error: return Napi::TypeError::New(env, failure.message);
    case Failure::Kind::error: break;
  }
  return Napi::Error::New(env, failure.message);
}

}  // namespace shiftscope::binding
