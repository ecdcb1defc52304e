#pragma once

#include <napi.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "failure.h"

namespace shiftscope::binding {

/// The result of work that only writes into arrays; undefined in JavaScript.
struct Nothing {};

inline Napi::Value undefined_value(const Napi::Env& env, const Nothing&) { return env.Undefined(); }

/// What a thread does without JavaScript, and how its result becomes a value.
template <class Result>
struct Work {
  /// In messages, such as "the index of the largest of 3x5 features".
  std::string name;
  /// What `execute` reads and writes: kept alive until the promise is settled. Their buffers must not be transferred before.
  std::vector<Napi::TypedArray> arrays;
  /// Touches no JavaScript; may throw.
  std::function<Result()> execute;
  std::function<Napi::Value(const Napi::Env&, const Result&)> convert;
};

/// Work and the promise for its result.
template <class Result>
class Task {
 public:
  Task(const Napi::Env& env, Work<Result> work)
      : deferred_(Napi::Promise::Deferred::New(env)),
        name_(std::move(work.name)),
        execute_(std::move(work.execute)),
        convert_(std::move(work.convert)) {
    for (const Napi::TypedArray& array : work.arrays) kept_.push_back(Napi::Persistent<Napi::TypedArray>(array));
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

  /// On any thread.
  void run() noexcept {
    try {
      result_ = execute_();
    } catch (...) {
      failure_ = current_failure(name_);
    }
  }

  /// Instead of `run`, where there is no thread.
  void fail(const std::exception& reason) {
    failure_ = {Failure::Kind::error, "there is no thread for " + name_ + ": " + reason.what()};
  }

  /// On the thread of the environment, after `run`.
  void settle(const Napi::Env& env) {
    try {
      if (failure_) throw error_of(env, *failure_);
      if (is_any_transferred()) throw Napi::TypeError::New(env, "a buffer was transferred while it was used by " + name_);
      deferred_.Resolve(translated(env, name_, Failure::Kind::error, [&] { return convert_(env, result_); }));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }

 private:
  /// Too late to keep the work from it, but what it has read or written is nobody's any more.
  bool is_any_transferred() const {
    return std::any_of(kept_.begin(), kept_.end(),
                       [](const auto& array) { return array.Value().ArrayBuffer().IsDetached(); });
  }

  Napi::Promise::Deferred deferred_;
  std::string name_;
  std::function<Result()> execute_;
  std::function<Napi::Value(const Napi::Env&, const Result&)> convert_;
  std::vector<Napi::Reference<Napi::TypedArray>> kept_;
  Result result_{};
  std::optional<Failure> failure_;
};

}  // namespace shiftscope::binding
