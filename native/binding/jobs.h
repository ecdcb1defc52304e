#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace shiftscope::binding {

/// Makes a result the value of a promise, on the thread of the environment.
using Conversion = std::function<Napi::Value(const Napi::Env&)>;

/// The conversion of work that only writes into arrays.
inline Napi::Value to_undefined(const Napi::Env& env) { return env.Undefined(); }

/// What a thread does without JavaScript.
struct Work {
  /// In messages, such as "the largest of 3x5 features".
  std::string name;
  /// What `execute` reads and writes. They are kept alive until the promise is settled. Their buffers must not be transferred
  /// before.
  std::vector<Napi::TypedArray> arrays;
  /// Touches no JavaScript; may throw.
  std::function<Conversion()> execute;
};

/// Runs the work in Node's pool and returns the promise for its result. Node waits for it before a program or a worker thread
/// ends.
Napi::Value start_job(const Napi::Env& env, Work work);

/// Runs work that may take minutes on a thread of its own and returns the promise for its result. `stop`, in memory of one of
/// the arrays, is set when the environment or the process ends, and the work must end soon after. In Node's pool it would not
/// learn of the end: Node waits for the pool before it calls any hook of an addon.
Napi::Value start_long_job(const Napi::Env& env, Work work, std::atomic<std::int32_t>* stop);

}  // namespace shiftscope::binding
