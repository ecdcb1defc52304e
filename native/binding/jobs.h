#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace shiftscope::binding {

/// Converts the result of a job to the value of its promise. Runs on the JavaScript thread.
using Conversion = std::function<Napi::Value(const Napi::Env&)>;

/// The conversion for jobs whose results are in arrays, so that the promise has no value.
inline Napi::Value to_undefined(const Napi::Env& env) { return env.Undefined(); }

/// Work for another thread. It must not use JavaScript.
struct Work {
  /// Name of the work in messages, such as "the largest of 3x5 features".
  std::string name;
  /// Arrays that `execute` reads and writes. They are kept alive until the promise is settled. A script must not
  /// transfer their buffers before then.
  std::vector<Napi::TypedArray> arrays;
  /// Does the work. It may throw.
  std::function<Conversion()> execute;
};

/// Runs the work in Node's thread pool and returns a promise. Before a program or a worker thread ends, Node waits for
/// this work.
Napi::Value start_job(const Napi::Env& env, Work work);

/// Like `start_job`, but on a thread of its own, for work that takes minutes. When the Node environment or the process
/// ends, `stop` is set to 1, and the work must then end soon. The thread pool is unsuitable, because Node waits for its
/// work before an addon can set `stop`.
/// stop: an element of one of the arrays of the work.
Napi::Value start_long_job(const Napi::Env& env, Work work, std::atomic<std::int32_t>* stop);

}  // namespace shiftscope::binding
