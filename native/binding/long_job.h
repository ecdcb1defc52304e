#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "task.h"

namespace shiftscope::binding {

/// What a thread of its own does for an environment.
class LongWork {
 public:
  virtual ~LongWork() = default;
  /// On that thread.
  virtual void run() noexcept = 0;
  /// On any thread, while `run` goes on, which ends soon after.
  virtual void stop() noexcept = 0;
  /// On the environment's thread: there is no thread for it, for this reason.
  virtual void fail(const std::exception& reason) = 0;
  /// On the environment's thread, after `run` or `fail`; not when the environment ends before.
  virtual void settle(const Napi::Env& env) = 0;
};

/// Runs the work on a new thread and settles it. The work is stopped when its environment or the process ends.
void start_long_work(const Napi::Env& env, std::unique_ptr<LongWork> work);

/// Work that may take minutes. Node would wait for it in its pool before anything else when a program or a worker thread
/// ends, without a word to the work.
template <class Result>
class LongJob : public LongWork {
 public:
  /// Starts the work and returns the promise for its result. `stop` is called on any thread and makes the work end soon.
  static Napi::Value start(const Napi::Env& env, Work<Result> work, std::function<void()> stop) {
    auto job = std::make_unique<LongJob>(env, std::move(work), std::move(stop));
    const Napi::Promise promise = job->task_.promise();
    start_long_work(env, std::move(job));
    return promise;
  }

  LongJob(const Napi::Env& env, Work<Result> work, std::function<void()> stop)
      : task_(env, std::move(work)), stop_(std::move(stop)) {}

  void run() noexcept override { task_.run(); }
  void stop() noexcept override { stop_(); }
  void fail(const std::exception& reason) override { task_.fail(reason); }
  void settle(const Napi::Env& env) override { task_.settle(env); }

 private:
  Task<Result> task_;
  std::function<void()> stop_;
};

}  // namespace shiftscope::binding
