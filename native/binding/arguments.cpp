#include "arguments.h"

#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>

namespace shiftscope::binding {
namespace {

/// The built-in getter of ArrayBuffer.prototype.resizable; empty if this Node.js has no resizable buffers. It is needed
/// because Node-API has no function for it. The getter is fetched at the start, before a script can replace it with
/// code of its own.
struct Resizable {
  Napi::FunctionReference getter;
};

bool is_resizable(const Napi::TypedArray& array) {
  const Napi::ArrayBuffer buffer = array.ArrayBuffer();
  const Napi::FunctionReference& getter = array.Env().GetInstanceData<Resizable>()->getter;
  // A SharedArrayBuffer can grow, but its memory never shrinks or moves.
  return buffer.IsArrayBuffer() && !getter.IsEmpty() && getter.Value().Call(buffer, {}).ToBoolean().Value();
}

template <class Array>
Array typed_array(const Napi::Value& value, napi_typedarray_type type, const char* name, const char* type_name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Napi::TypeError::New(value.Env(), std::string(name) + " must be a " + type_name);
  }
  if (is_resizable(value.As<Napi::TypedArray>())) {
    throw Napi::TypeError::New(value.Env(), std::string(name) + " must not be a view on a resizable ArrayBuffer");
  }
  return value.As<Array>();
}

template <class Array>
Array of_length(const Array& array, const char* name, std::size_t length, const char* shape) {
  if (array.ElementLength() == length) return array;
  throw Napi::RangeError::New(array.Env(), std::string(name) + " has " + std::to_string(array.ElementLength()) +
                                               " elements instead of " + std::to_string(length) + " (" + shape + ")");
}

}  // namespace

Napi::Object object_argument(const Napi::Value& value, const char* name) {
  if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), std::string(name) + " must be an object");
  return value.As<Napi::Object>();
}

Napi::Value property(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (value.IsUndefined()) throw Napi::TypeError::New(options.Env(), std::string(name) + " is missing");
  return value;
}

std::size_t count_argument(const Napi::Value& value, const char* name, std::size_t low, std::size_t high) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  const bool fits = number >= static_cast<double>(low) && number <= static_cast<double>(high);
  if (!fits || std::floor(number) != number) {
    const std::string limit = high < kLargestCount ? " and at most " + std::to_string(high) : "";
    throw Napi::RangeError::New(value.Env(),
                                std::string(name) + " must be a whole number, at least " + std::to_string(low) + limit);
  }
  return static_cast<std::size_t>(number);
}

double positive_argument(const Napi::Value& value, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  if (!(number > 0 && std::isfinite(number))) {
    throw Napi::RangeError::New(value.Env(), std::string(name) + " must be a positive number");
  }
  return number;
}

float number_argument(const Napi::Value& value, const char* name) {
  if (!value.IsNumber()) throw Napi::TypeError::New(value.Env(), std::string(name) + " must be a number");
  return value.As<Napi::Number>().FloatValue();
}

bool choice_argument(const Napi::Value& value, const char* name, const char* no, const char* yes) {
  const std::string given = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  if (given != no && given != yes) {
    throw Napi::TypeError::New(value.Env(), std::string(name) + " must be '" + no + "' or '" + yes + "'");
  }
  return given == yes;
}

void three_numbers(const Napi::Value& value, const char* name, float out[3]) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 3) {
    throw Napi::TypeError::New(value.Env(), std::string(name) + " must be an array of three numbers");
  }
  for (std::uint32_t i = 0; i < 3; ++i) out[i] = number_argument(value.As<Napi::Array>().Get(i), name);
}

void prepare_arrays(const Napi::Env& env) {
  const Napi::Object global = env.Global();
  const auto object = global.Get("Object").As<Napi::Object>();
  const Napi::Value prototype = global.Get("ArrayBuffer").As<Napi::Object>().Get("prototype");
  const auto describe = object.Get("getOwnPropertyDescriptor").As<Napi::Function>();
  const Napi::Value descriptor = describe.Call({prototype, Napi::String::New(env, "resizable")});
  auto resizable = std::make_unique<Resizable>();
  if (descriptor.IsObject()) {
    resizable->getter = Napi::Persistent(descriptor.As<Napi::Object>().Get("get").As<Napi::Function>());
  }
  env.SetInstanceData(resizable.release());
}

Napi::Float32Array float32_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape) {
  return of_length(typed_array<Napi::Float32Array>(value, napi_float32_array, name, "Float32Array"), name, length, shape);
}

Napi::Float64Array float64_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape) {
  return of_length(typed_array<Napi::Float64Array>(value, napi_float64_array, name, "Float64Array"), name, length, shape);
}

Napi::Int8Array int8_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape) {
  return of_length(typed_array<Napi::Int8Array>(value, napi_int8_array, name, "Int8Array"), name, length, shape);
}

Napi::Int32Array int32_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape) {
  return of_length(typed_array<Napi::Int32Array>(value, napi_int32_array, name, "Int32Array"), name, length, shape);
}

Napi::Uint8Array uint8_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape) {
  const bool clamped =
      value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_clamped_array;
  const napi_typedarray_type type = clamped ? napi_uint8_clamped_array : napi_uint8_array;
  return of_length(typed_array<Napi::Uint8Array>(value, type, name, "Uint8Array"), name, length, shape);
}

Napi::Int32Array int32_array(const Napi::Value& value, const char* name) {
  return typed_array<Napi::Int32Array>(value, napi_int32_array, name, "Int32Array");
}

std::string shape_text(std::size_t rows, std::size_t cols) { return std::to_string(rows) + "x" + std::to_string(cols); }

std::size_t product(const Napi::Env& env, std::size_t a, std::size_t b) {
  if (b != 0 && a > std::numeric_limits<std::size_t>::max() / b) {
    throw Napi::RangeError::New(env, "an array of this shape cannot exist");
  }
  return a * b;
}

Failure current_failure(const std::string& what) {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return {true, "there is no memory for " + what};
  } catch (const std::length_error&) {
    return {true, "there is no memory for " + what};
  } catch (const std::out_of_range& error) {
    return {true, error.what()};
  } catch (const std::exception& error) {
    return {false, error.what()};
  } catch (...) {
    return {false, what + " failed for an unknown reason"};
  }
}

Napi::Error error_of(const Napi::Env& env, const Failure& failure) {
  return failure.is_range_error ? Napi::RangeError::New(env, failure.message) : Napi::Error::New(env, failure.message);
}

}  // namespace shiftscope::binding
