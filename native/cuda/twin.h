#pragma once

#include <bit>
#include <cstddef>

#include "memory.h"
#include "namespace.h"
#include "stream.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

/// Memory of the processor that the device copies by itself, so that the calling thread need not wait. Throws DeviceError.
void* allocate_pinned(std::size_t bytes);
void release_pinned(void* memory) noexcept;

/// An array on both sides of the bus: pinned memory of the processor and its twin on the device.
template <class T>
class Twin {
 public:
  Twin() = default;
  ~Twin() { release_pinned(host_); }
  Twin(const Twin&) = delete;
  Twin& operator=(const Twin&) = delete;

  /// Makes room, if need be, and forgets the elements; nothing that is queued may use them. Grows by powers of two: while
  /// memory is taken or given back, the whole device may wait.
  void reserve(std::size_t count) {
    if (count <= capacity_) return;
    const std::size_t capacity = std::bit_ceil(count);
    capacity_ = 0;
    release_pinned(host_);
    host_ = nullptr;
    device_.resize(capacity);
    host_ = static_cast<T*>(allocate_pinned(capacity * sizeof(T)));
    capacity_ = capacity;
  }

  T* host() { return host_; }
  T* device() { return device_.data(); }

  /// Queues copies of the first `count` elements; the processor's must be left alone until they are done.
  void send(std::size_t count, const Stream& stream) { upload(device_.data(), host_, count * sizeof(T), stream); }
  void fetch(std::size_t count, const Stream& stream) { download(host_, device_.data(), count * sizeof(T), stream); }

 private:
  T* host_ = nullptr;
  Array<T> device_;
  std::size_t capacity_ = 0;
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
