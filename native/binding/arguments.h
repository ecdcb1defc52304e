#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

/// Converts JavaScript values to C++ values, and C++ exceptions to JavaScript errors. Counts, numbers, types and
/// lengths are checked only here; the core relies on them. Each function throws a TypeError or RangeError that names
/// the argument.
///
/// Read every property only once, and convert arrays after everything else, because a getter may detach any array.
/// `property` and `three_numbers` may run JavaScript; the others do not.
namespace shiftscope::binding {

/// The object of options.
Napi::Object object_argument(const Napi::Value& value, const char* name);

/// Returns a property, which must exist.
Napi::Value property(const Napi::Object& options, const char* name);

constexpr std::size_t kLargestCount = 9007199254740991;  // 2^53 - 1

/// A whole number from `low` to `high`.
std::size_t count_argument(const Napi::Value& value, const char* name, std::size_t low,
                           std::size_t high = kLargestCount);

/// A finite number above 0.
double positive_argument(const Napi::Value& value, const char* name);

float number_argument(const Napi::Value& value, const char* name);

/// Returns whether the value is the string `yes`. It must be `yes` or `no`.
bool choice_argument(const Napi::Value& value, const char* name, const char* no, const char* yes);

/// An array of exactly three numbers.
void three_numbers(const Napi::Value& value, const char* name, float out[3]);

/// Prepares the array functions for this environment. Call it before the first of them.
void prepare_arrays(const Napi::Env& env);

// Typed arrays of `length` elements; `shape` explains the length in messages, for example "rows * dims". Read them through
// `Data()`, which honours byteOffset and works on a SharedArrayBuffer. None may be a view on a resizable ArrayBuffer,
// because its memory could disappear while a thread uses it.
Napi::Float32Array float32_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape);
Napi::Float64Array float64_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape);
Napi::Int8Array int8_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape);
Napi::Int32Array int32_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape);
/// Also a Uint8ClampedArray.
Napi::Uint8Array uint8_array(const Napi::Value& value, const char* name, std::size_t length, const char* shape);

/// An array of any number of pairs.
Napi::Int32Array pairs_array(const Napi::Value& value, const char* name, const char* pair);

/// "3x5", for messages.
std::string shape_text(std::size_t rows, std::size_t cols);

/// a * b. Throws a RangeError if it does not fit.
std::size_t product(const Napi::Env& env, std::size_t a, std::size_t b);

/// The exception that is being handled, as JavaScript will see it.
struct Failure {
  bool is_range_error;  ///< else an Error
  std::string message;  ///< one line
};

/// std::out_of_range becomes a RangeError. So does a lack of memory; its message names `what` the memory was for. Any
/// other exception becomes an Error.
Failure current_failure(const std::string& what);

Napi::Error error_of(const Napi::Env& env, const Failure& failure);

/// Returns the result of work() and rethrows its exceptions as JavaScript errors, because any other exception that
/// reaches JavaScript would end the process. `work` may call JavaScript.
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
