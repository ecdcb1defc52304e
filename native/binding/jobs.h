#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace shiftscope::binding {

/// Converts a result to the promise's value. Runs on the JavaScript thread.
using Conversion = std::function<Napi::Value(const Napi::Env&)>;

/// For work whose results are in its arrays.
inline Napi::Value to_undefined(const Napi::Env& env) { return env.Undefined(); }

/// Work for another thread. It must not use JavaScript.
struct Work {
  /// For messages, such as "the largest of 3x5 features".
  std::string name;
  /// Arrays that `execute` reads and writes. They are kept alive until the promise is settled. A script must not
  /// transfer their buffers before then.
  std::vector<Napi::TypedArray> arrays;
  /// May throw.
  std::function<Conversion()> execute;
};

/// Runs the work in Node's thread pool and returns a promise. Before a program or worker thread ends, Node waits for
/// it.
Napi::Value start_job(const Napi::Env& env, Work work);

/// Like `start_job`, for work of minutes, on a thread of its own. When the environment or the process ends, `stop` is
/// set, and the work must end soon. The thread pool would not do: Node waits for it before an addon can set `stop`.
/// stop: an element of one of the arrays.
Napi::Value start_long_job(const Napi::Env& env, Work work, std::atomic<std::int32_t>* stop);

}  // namespace shiftscope::binding
