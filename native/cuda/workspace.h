#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "runtime.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

/// What a call needs to use the device: a stream, and arrays in the memory of the processor and of the device.
struct Workspace {
  Stream stream;
  Twin<double> operands;
  Twin<std::uint32_t> samples;
  Twin<double> results;
};

/// Reusable workspaces of one device, as many as there are calls at the same time. A thread waits for others only while
/// it takes or returns a workspace.
class Workspaces {
 public:
  explicit Workspaces(int device) : device_(device) {}

  /// Lends a workspace to the calling thread, and selects the device for this thread. The destructor returns the
  /// workspace. After an exception, work may still be queued, so the destructor waits for this work and frees the
  /// workspace instead. The constructor throws DeviceError.
  class Lease {
   public:
    explicit Lease(Workspaces& owner) : owner_(owner), workspace_(owner.take()) {}
    ~Lease() {
      if (std::uncaught_exceptions() > exceptions_) {
        workspace_->stream.drain();
        return;
      }
      const std::lock_guard<std::mutex> lock(owner_.mutex_);
      owner_.idle_.push_back(std::move(workspace_));
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    Workspace* operator->() const { return workspace_.get(); }
    Workspace& operator*() const { return *workspace_; }

   private:
    Workspaces& owner_;
    std::unique_ptr<Workspace> workspace_;
    const int exceptions_ = std::uncaught_exceptions();
  };

 private:
  std::unique_ptr<Workspace> take() {
    use(device_);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (idle_.empty()) return std::make_unique<Workspace>();
    auto workspace = std::move(idle_.back());
    idle_.pop_back();
    return workspace;
  }

  const int device_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

/// Runs work in parts. While the processor handles the results of one part, the device computes the next.
/// start(workspace, part) must queue a part. finish(workspace, part) is called when the results of the part are there.
/// Both are called in the order of the parts.
template <class Start, class Finish>
void in_turns(Workspaces& workspaces, std::size_t parts, const Start& start, const Finish& finish) {
  if (parts == 0) return;
  const auto take_results = [&](Workspace& workspace, std::size_t part) {
    workspace.stream.synchronise();
    finish(workspace, part);
  };
  const Workspaces::Lease first(workspaces);
  start(*first, 0);
  if (parts == 1) return take_results(*first, 0);
  const Workspaces::Lease second(workspaces);
  Workspace* const both[] = {&*first, &*second};
  for (std::size_t part = 1; part <= parts; ++part) {
    if (part < parts) start(*both[part % 2], part);
    take_results(*both[(part - 1) % 2], part - 1);
  }
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
