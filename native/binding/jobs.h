#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace shiftscope::binding {

/// Converts a result to the value of a promise, on the thread of the environment.
using Conversion = std::function<Napi::Value(const Napi::Env&)>;

/// The conversion of work that only writes into arrays.
inline Napi::Value to_undefined(const Napi::Env& env) { return env.Undefined(); }

/// Work for a thread, without JavaScript.
struct Work {
  /// Names the work in messages, for example "the largest of 3x5 features".
  std::string name;
  /// The arrays that `execute` reads and writes. They are kept alive until the promise is settled. Until then, their
  /// buffers must not be transferred.
  std::vector<Napi::TypedArray> arrays;
  /// Touches no JavaScript; may throw.
  std::function<Conversion()> execute;
};

/// Runs the work in Node's thread pool and returns the promise for its result. Node waits for the work before a program
/// or a worker thread ends.
Napi::Value start_job(const Napi::Env& env, Work work);

/// Runs work that may take minutes on its own thread and returns the promise for its result. `stop` lies in the memory
/// of one of the arrays. It is set when the environment or the process ends, and the work must end soon after. In
/// Node's thread pool, the work could not be stopped, because Node waits for the pool before it calls any hook of an
/// addon.
Napi::Value start_long_job(const Napi::Env& env, Work work, std::atomic<std::int32_t>* stop);

}  // namespace shiftscope::binding
