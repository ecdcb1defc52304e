#include "long_job.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace shiftscope::binding {
namespace {

/// How long the end of the process waits for work that was told to stop.
constexpr std::chrono::seconds kPatience{2};

/// The work of all environments that threads have not finished.
class Unfinished {
 public:
  void add(LongWork* work) {
    const std::lock_guard<std::mutex> lock(mutex_);
    all_.insert(work);
  }

  void remove(LongWork* work) {
    const std::lock_guard<std::mutex> lock(mutex_);
    all_.erase(work);
    changed_.notify_all();
  }

  void stop() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (LongWork* work : all_) work->stop();
    changed_.wait_for(lock, kPatience, [&] { return all_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<LongWork*> all_;
};

/// process.exit() in the main thread ends no environment: it calls exit(), which destroys what is static.
struct StopAtExit {
  Unfinished& unfinished;
  // Where threads are gone before this runs, nobody would finish.
#if !defined(_WIN32)
  ~StopAtExit() { unfinished.stop(); }
#endif
};

Unfinished& unfinished() {
  // Never destroyed: threads may be about to leave it when the process ends.
  static Unfinished& all = *new Unfinished;
  static const StopAtExit at_exit{all};
  return all;
}

/// Work, its thread, and the function by which that thread calls the environment's. Deleted once both have ended.
struct Run {
  std::unique_ptr<LongWork> work;
  std::thread thread;
  napi_threadsafe_function done = nullptr;
};

void check(const Napi::Env& env, napi_status status) {
  if (status != napi_ok) throw Napi::Error::New(env);
}

void run_on_thread(Run* run) noexcept {
  run->work->run();
  napi_call_threadsafe_function(run->done, nullptr, napi_tsfn_nonblocking);
  napi_release_threadsafe_function(run->done, napi_tsfn_release);
  unfinished().remove(run->work.get());
}

/// The arrays belong to the environment, so that the thread must have left them.
void end_with_environment(void* data) {
  auto* run = static_cast<Run*>(data);
  run->work->stop();
  if (run->thread.joinable()) run->thread.join();
  run->work.reset();
}

/// Called in the environment's thread when the work is done, without an environment when that has ended.
void settle(napi_env env, napi_value, void* context, void*) {
  auto* run = static_cast<Run*>(context);
  if (env == nullptr || !run->work) return;
  napi_remove_env_cleanup_hook(env, end_with_environment, run);
  run->thread.join();
  const std::unique_ptr<LongWork> work = std::move(run->work);
  try {
    work->settle(env);
  } catch (const Napi::Error&) {
    // The environment is ending and takes no result.
  }
}

void delete_run(napi_env, void* data, void*) { delete static_cast<Run*>(data); }

napi_threadsafe_function new_function(const Napi::Env& env, Run* run) {
  napi_threadsafe_function made = nullptr;
  check(env, napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "shiftscope"), 0, 1, run,
                                             delete_run, run, settle, &made));
  return made;
}

}  // namespace

void start_long_work(const Napi::Env& env, std::unique_ptr<LongWork> work) {
  auto owned = std::make_unique<Run>();
  owned->work = std::move(work);
  owned->done = new_function(env, owned.get());
  Run* run = owned.release();
  // After the function, whose own hook must be called later: hooks are called from the last to the first.
  napi_add_env_cleanup_hook(env, end_with_environment, run);
  unfinished().add(run->work.get());
  try {
    run->thread = std::thread(run_on_thread, run);
  } catch (const std::exception& reason) {
    unfinished().remove(run->work.get());
    napi_remove_env_cleanup_hook(env, end_with_environment, run);
    const std::unique_ptr<LongWork> failed = std::move(run->work);
    failed->fail(reason);
    napi_release_threadsafe_function(run->done, napi_tsfn_abort);
    failed->settle(env);
  }
}

}  // namespace shiftscope::binding
