#include "workspace.h"

#include <exception>
#include <utility>

#include "device.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

Workspaces::Lease Workspaces::take() {
  use(device_);
  std::unique_ptr<Workspace> workspace;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      workspace = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!workspace) workspace = std::make_unique<Workspace>();
  return Lease(*this, std::move(workspace));
}

Workspaces::Lease::Lease(Workspaces& owner, std::unique_ptr<Workspace> workspace)
    : owner_(owner), workspace_(std::move(workspace)), exceptions_(std::uncaught_exceptions()) {}

Workspaces::Lease::~Lease() {
  if (std::uncaught_exceptions() > exceptions_) {
    workspace_->stream.drain();
    return;
  }
  const std::lock_guard<std::mutex> lock(owner_.mutex_);
  owner_.idle_.push_back(std::move(workspace_));
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
