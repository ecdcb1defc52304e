#pragma once

#include "namespace.h"

struct CUstream_st;

namespace shiftscope::SHIFTSCOPE_CUDA {

/// A queue of work on the device that was the thread's when it was made (`use`). Work that is queued is done in order.
class Stream {
 public:
  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  CUstream_st* handle() const { return handle_; }

  /// Waits until all of it is done; throws DeviceError for what failed.
  void synchronise() const;

  /// Waits until all of it is done or has failed.
  void drain() const noexcept;

 private:
  CUstream_st* handle_ = nullptr;
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
