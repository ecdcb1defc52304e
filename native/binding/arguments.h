#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

/// Converts JavaScript values to C++ values, and C++ exceptions to JavaScript errors. Each function throws a TypeError
/// or RangeError that names the argument. The core relies on these checks and does not repeat them.
///
/// Reading a property may run a getter, and a getter may detach any array. So read each property only once, and convert
/// arrays last. Only `property` and `three_numbers` can run JavaScript.
namespace shiftscope::binding {

Napi::Object object_argument(const Napi::Value& value, const char* name);

/// Reads a property. Throws if it is undefined.
Napi::Value property(const Napi::Object& options, const char* name);

constexpr std::size_t kLargestCount = 9007199254740991;  // 2^53 - 1

std::size_t count_argument(const Napi::Value& value, const char* name, std::size_t low,
                           std::size_t high = kLargestCount);

double positive_argument(const Napi::Value& value, const char* name);

float number_argument(const Napi::Value& value, const char* name);

/// Returns true if the value is the string in `yes`, false for the string in `no`. Throws for anything else.
bool choice_argument(const Napi::Value& value, const char* name, const char* no, const char* yes);

void three_numbers(const Napi::Value& value, const char* name, float out[3]);

/// Call this once per environment, before the functions for arrays.
void prepare_arrays(const Napi::Env& env);

// The next functions convert typed arrays. `shape` explains the expected length in messages, such as "rows * dims".
// Read elements through `Data()`, which respects byteOffset and works on a SharedArrayBuffer. Views on a resizable
// ArrayBuffer are refused, because their memory could disappear while a thread uses it.
Napi::Float32Array float32_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape);
Napi::Float64Array float64_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape);
Napi::Int8Array int8_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape);
Napi::Int32Array int32_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape);
/// Also accepts a Uint8ClampedArray.
Napi::Uint8Array uint8_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape);

/// Accepts an array of any length.
Napi::Int32Array int32_array(const Napi::Value& value, const char* name);

/// Text for messages, such as "3x5".
std::string shape_text(std::size_t rows, std::size_t cols);

/// Computes a * b. Throws a RangeError if the product is too large for std::size_t.
std::size_t product(const Napi::Env& env, std::size_t a, std::size_t b);

/// A C++ exception as a script will see it.
struct Failure {
  bool is_range_error;  ///< whether it becomes a RangeError, not an Error
  std::string message;  ///< one line of text
};

/// Converts the exception that is being handled. std::out_of_range and a lack of memory become a RangeError, all others
/// an Error.
/// what: name of the result, such as "3 composites", for messages about a lack of memory.
Failure current_failure(const std::string& what);

Napi::Error error_of(const Napi::Env& env, const Failure& failure);

/// Calls work() and rethrows its C++ exceptions as JavaScript errors, with the types and messages of `current_failure`.
/// `work` may call JavaScript.
template <class Work>
auto translated(const Napi::Env& env, const std::string& what, const Work& work) {
  try {
    return work();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw error_of(env, current_failure(what));
  }
}

}  // namespace shiftscope::binding
