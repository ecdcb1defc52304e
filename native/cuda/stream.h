#pragma once

#include "namespace.h"

struct CUstream_st;
struct CUevent_st;

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

/// A point in a stream, for measuring time.
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(const Stream& stream);

  /// Waits until both are reached. Seconds.
  double since(const Event& earlier) const;

 private:
  CUevent_st* handle_ = nullptr;
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
