#pragma once

#include <napi.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace shiftscope::binding {

/// The result of work that only writes into arrays; undefined in JavaScript.
struct Nothing {};

inline Napi::Value undefined_value(const Napi::Env& env, const Nothing&) { return env.Undefined(); }

/// Work on a thread of the pool with a promise for its result. `execute` touches no JavaScript; it may throw, an
/// std::out_of_range becomes a RangeError. The arrays that it reads and writes are kept alive until the promise is
/// settled; their buffers must not be transferred or detached before that.
template <class Result>
class Job : public Napi::AsyncWorker {
 public:
  using Execute_ = std::function<Result()>;
  using Convert = std::function<Napi::Value(const Napi::Env&, const Result&)>;

  /// Queues the work and returns its promise.
  static Napi::Value start(const Napi::Env& env, const std::vector<Napi::Object>& keep, Execute_ execute,
                           Convert convert) {
    auto* job = new Job(env, std::move(execute), std::move(convert));
    for (const Napi::Object& object : keep) job->kept_.push_back(Napi::Persistent(object));
    const Napi::Promise promise = job->deferred_.Promise();
    job->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    try {
      result_ = execute_();
    } catch (const std::out_of_range& error) {
      out_of_range_ = true;
      SetError(error.what());
    }
  }

  void OnOK() override { deferred_.Resolve(convert_(Env(), result_)); }

  void OnError(const Napi::Error& error) override {
    deferred_.Reject(out_of_range_ ? Napi::RangeError::New(Env(), error.Message()).Value() : error.Value());
  }

 private:
  Job(const Napi::Env& env, Execute_ execute, Convert convert)
      : Napi::AsyncWorker(env, "shiftscope"),
        deferred_(Napi::Promise::Deferred::New(env)),
        execute_(std::move(execute)),
        convert_(std::move(convert)) {}

  Napi::Promise::Deferred deferred_;
  Execute_ execute_;
  Convert convert_;
  std::vector<Napi::ObjectReference> kept_;
  Result result_{};
  bool out_of_range_ = false;
};

}  // namespace shiftscope::binding
