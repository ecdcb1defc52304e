#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

/// JavaScript values to C++ ones. Every function throws a TypeError or RangeError that names the argument.
/// Typed arrays are read through `Data()`, which honours byteOffset and works on a SharedArrayBuffer too. An array is what
/// it was when it was converted, and whatever runs JavaScript may detach it: `property` and `three_numbers` do, so that
/// arrays are converted after everything else.
namespace shiftscope::binding {

/// A property that must be there.
Napi::Value property(const Napi::Object& options, const char* name);

constexpr std::size_t kLargestCount = 9007199254740991;  // 2^53 - 1

/// A whole number from `low` to `high`.
std::size_t count_argument(const Napi::Value& value, const char* name, std::size_t low,
                           std::size_t high = kLargestCount);

float number_argument(const Napi::Value& value, const char* name);

std::string string_argument(const Napi::Value& value, const char* name);

/// An array of exactly three numbers.
void three_numbers(const Napi::Value& value, const char* name, float out[3]);

/// What the arrays need of this environment, before they are first used.
void prepare_arrays(const Napi::Env& env);

// None of them may be a view on a resizable ArrayBuffer, whose memory would go while a thread uses it.
Napi::Float32Array float32_array(const Napi::Value& value, const char* name);
Napi::Float64Array float64_array(const Napi::Value& value, const char* name);
Napi::Int8Array int8_array(const Napi::Value& value, const char* name);
Napi::Int32Array int32_array(const Napi::Value& value, const char* name);
Napi::Uint8Array uint8_array(const Napi::Value& value, const char* name);

/// Throws a RangeError unless the array `name` has `expected` elements; `shape` says why, for example "rows * dims".
void check_length(const Napi::Env& env, std::size_t length, std::size_t expected, const char* name, const char* shape);

/// "3x5", for messages.
std::string shape_text(std::size_t rows, std::size_t cols);

/// a * b, or a RangeError where that does not fit.
std::size_t product(const Napi::Env& env, std::size_t a, std::size_t b);

}  // namespace shiftscope::binding
