#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "namespace.h"
#include "stream.h"
#include "twin.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

/// What one piece of work on the device needs for itself: a queue, and memory on both sides of the bus.
struct Workspace {
  Stream stream;
  Twin<double> operands;
  Twin<std::uint32_t> samples;
  Twin<double> results;
};

/// Workspaces of one device, as many as there is work at the same time, which are used again: threads take no turns but
/// for the moment of taking one.
class Workspaces {
 public:
  explicit Workspaces(int device) : device_(device) {}

  class Lease;

  /// A workspace for the calling thread, whose device becomes this one. Throws DeviceError.
  Lease take();

 private:
  const int device_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

/// Gives its workspace back at its end; after an exception, when work may still be queued, it waits for that and frees it.
class Workspaces::Lease {
 public:
  Lease(Workspaces& owner, std::unique_ptr<Workspace> workspace);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  Workspace* operator->() const { return workspace_.get(); }
  Workspace& operator*() const { return *workspace_; }

 private:
  Workspaces& owner_;
  std::unique_ptr<Workspace> workspace_;
  const int exceptions_;
};

/// Work in parts, of which the device has one to do while the processor takes the results of the one before:
/// start(workspace, part) queues a part, finish(workspace, part) waits for it. In order.
template <class Start, class Finish>
void in_turns(Workspaces& workspaces, std::size_t parts, const Start& start, const Finish& finish) {
  if (parts == 0) return;
  const Workspaces::Lease first = workspaces.take();
  if (parts == 1) {
    start(*first, 0);
    finish(*first, 0);
    return;
  }
  const Workspaces::Lease second = workspaces.take();
  Workspace* const both[] = {&*first, &*second};
  for (std::size_t part = 0; part <= parts; ++part) {
    if (part < parts) start(*both[part % 2], part);
    if (part > 0) finish(*both[(part - 1) % 2], part - 1);
  }
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
