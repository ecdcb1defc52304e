#pragma once

#include <memory>
#include <utility>

#include "task.h"

namespace shiftscope::binding {

/// Work on a thread of the pool, for which Node waits before a program or a worker thread ends.
template <class Result>
class Job : public Napi::AsyncWorker {
 public:
  /// Queues the work and returns the promise for its result.
  static Napi::Value start(const Napi::Env& env, Work<Result> work) {
    auto job = std::make_unique<Job>(env, std::move(work));
    const Napi::Promise promise = job->task_.promise();
    job->Queue();
    static_cast<void>(job.release());  // it deletes itself when it has ended
    return promise;
  }

  Job(const Napi::Env& env, Work<Result> work) : Napi::AsyncWorker(env, "shiftscope"), task_(env, std::move(work)) {}

 protected:
  void Execute() override { task_.run(); }

  void OnOK() override { task_.settle(Env()); }

 private:
  Task<Result> task_;
};

}  // namespace shiftscope::binding
