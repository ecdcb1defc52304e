#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

/// JavaScript values to C++ ones. Every function throws a TypeError or RangeError that names the argument.
/// Typed arrays are read through `Data()`, which honours byteOffset and works on a SharedArrayBuffer too.
namespace shiftscope::binding {

/// A property that must be there.
Napi::Value property(const Napi::Object& options, const char* name);

/// A whole number from `low` to 2^53 - 1.
std::size_t count_argument(const Napi::Value& value, const char* name, std::size_t low);

float number_argument(const Napi::Value& value, const char* name);

std::string string_argument(const Napi::Value& value, const char* name);

/// An array of exactly three numbers.
void three_numbers(const Napi::Value& value, const char* name, float out[3]);

Napi::Float32Array float32_array(const Napi::Value& value, const char* name);
Napi::Float64Array float64_array(const Napi::Value& value, const char* name);
Napi::Int8Array int8_array(const Napi::Value& value, const char* name);
Napi::Int32Array int32_array(const Napi::Value& value, const char* name);
Napi::Uint8Array uint8_array(const Napi::Value& value, const char* name);

/// Throws a RangeError unless the array `name` has `expected` elements; `shape` says why, for example "rows * dims".
void check_length(const Napi::Env& env, std::size_t length, std::size_t expected, const char* name, const char* shape);

/// a * b, or a RangeError where that does not fit.
std::size_t product(const Napi::Env& env, std::size_t a, std::size_t b);

}  // namespace shiftscope::binding
