#include "jobs.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "arguments.h"

namespace shiftscope::binding {
namespace {

class Task {
 public:
  Task(const Napi::Env& env, Work work)
      : deferred_(Napi::Promise::Deferred::New(env)),
        name_(std::move(work.name)),
        execute_(std::move(work.execute)) {
    for (const Napi::TypedArray& array : work.arrays) kept_.push_back(Napi::Persistent<Napi::TypedArray>(array));
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

  /// Runs on any thread.
  void run() noexcept {
    try {
      result_ = execute_();
    } catch (...) {
      failure_ = current_failure(name_);
    }
  }

  /// Called instead of `run` if the thread cannot be started.
  void fail(const std::exception& reason) {
    failure_ = {false, "there is no thread for " + name_ + ": " + reason.what()};
  }

  /// Resolves or rejects the promise. Runs on the JavaScript thread, after `run` or `fail`.
  void settle(const Napi::Env& env) {
    try {
      if (failure_) throw error_of(env, *failure_);
      if (is_any_transferred()) throw Napi::TypeError::New(env, "a buffer was transferred while it was used by " + name_);
      deferred_.Resolve(translated(env, name_, [&] { return result_(env); }));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }

 private:
  /// Whether a script has transferred one of the buffers. Such a buffer has lost its memory, and with it the result.
  bool is_any_transferred() const {
    return std::any_of(kept_.begin(), kept_.end(),
                       [](const auto& array) { return array.Value().ArrayBuffer().IsDetached(); });
  }

  Napi::Promise::Deferred deferred_;
  std::string name_;
  std::function<Conversion()> execute_;
  std::vector<Napi::Reference<Napi::TypedArray>> kept_;
  Conversion result_;
  std::optional<Failure> failure_;
};

/// A task in Node's thread pool. node-addon-api deletes this object after the promise is settled.
class PoolJob : public Napi::AsyncWorker {
 public:
  PoolJob(const Napi::Env& env, Work work) : Napi::AsyncWorker(env, "shiftscope"), task(env, std::move(work)) {}

  Task task;

 protected:
  void Execute() override { task.run(); }
  void OnOK() override { task.settle(Env()); }
};

/// A task with a thread of its own. At its end, the thread calls `done`, which calls `settle` on the JavaScript thread.
struct LongJob {
  std::optional<Task> task;  ///< empty once it is settled or its environment has ended
  std::atomic<std::int32_t>* stop;
  std::thread thread;
  napi_threadsafe_function done = nullptr;
};

/// How long a process that ends waits for jobs that were told to stop.
constexpr std::chrono::seconds kPatience{2};

/// All long jobs whose threads are still running, in all environments.
class Unfinished {
 public:
  void add(LongJob* job) {
    const std::lock_guard<std::mutex> lock(mutex_);
    all_.insert(job);
  }

  void remove(LongJob* job) {
    const std::lock_guard<std::mutex> lock(mutex_);
    all_.erase(job);
    changed_.notify_all();
  }

  void stop() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (LongJob* job : all_) job->stop->store(1);
    changed_.wait_for(lock, kPatience, [&] { return all_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<LongJob*> all_;
};

/// Stops all long jobs when the process ends. process.exit() in the main thread runs no hooks of the environment, but
/// it destroys static objects such as this one.
struct StopAtExit {
  Unfinished& unfinished;
  // Windows ends all threads before this destructor runs, so waiting for them would be useless.
#if !defined(_WIN32)
  ~StopAtExit() { unfinished.stop(); }
#endif
};

Unfinished& unfinished() {
  // This object is never destroyed, because threads may call `remove` until the process ends.
  static Unfinished& all = *new Unfinished;
  static const StopAtExit at_exit{all};
  return all;
}

void run_on_thread(LongJob* job) noexcept {
  job->task->run();
  napi_call_threadsafe_function(job->done, nullptr, napi_tsfn_nonblocking);
  napi_release_threadsafe_function(job->done, napi_tsfn_release);
  unfinished().remove(job);
}

/// Runs when the environment ends. It stops the job and waits for its thread, because the arrays are freed with the
/// environment.
void end_with_environment(void* data) {
  auto* job = static_cast<LongJob*>(data);
  job->stop->store(1);
  if (job->thread.joinable()) job->thread.join();
  job->task.reset();
}

/// Runs on the JavaScript thread when the work is done. `env` is null if the environment has ended.
void settle(napi_env env, napi_value, void* context, void*) {
  auto* job = static_cast<LongJob*>(context);
  if (env == nullptr || !job->task) return;
  napi_remove_env_cleanup_hook(env, end_with_environment, job);
  if (job->thread.joinable()) job->thread.join();
  try {
    job->task->settle(env);
  } catch (const Napi::Error&) {
    // The environment is ending and no longer takes a result.
  }
  job->task.reset();
}

void delete_job(napi_env, void* data, void*) { delete static_cast<LongJob*>(data); }

}  // namespace

Napi::Value start_job(const Napi::Env& env, Work work) {
  auto job = std::make_unique<PoolJob>(env, std::move(work));
  const Napi::Promise promise = job->task.promise();
  job->Queue();
  static_cast<void>(job.release());
  return promise;
}

Napi::Value start_long_job(const Napi::Env& env, Work work, std::atomic<std::int32_t>* stop) {
  auto owned = std::make_unique<LongJob>();
  owned->task.emplace(env, std::move(work));
  owned->stop = stop;
  const Napi::Promise promise = owned->task->promise();
  const napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "shiftscope"), 0, 1, owned.get(),
                                      delete_job, owned.get(), settle, &owned->done);
  if (status != napi_ok) throw Napi::Error::New(env);
  LongJob* job = owned.release();  // the thread-safe function owns it now
  // Hooks run in reverse order, and this one must run before the one of the thread-safe function. So it is added later.
  napi_add_env_cleanup_hook(env, end_with_environment, job);
  unfinished().add(job);
  try {
    job->thread = std::thread(run_on_thread, job);
  } catch (const std::exception& reason) {
    unfinished().remove(job);
    job->task->fail(reason);
    settle(env, nullptr, job, nullptr);
    napi_release_threadsafe_function(job->done, napi_tsfn_abort);
  }
  return promise;
}

}  // namespace shiftscope::binding
