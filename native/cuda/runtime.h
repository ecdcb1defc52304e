#pragma once

// Includes the CUDA language and runtime, from NVIDIA or from the emulation in the tests. Defines classes that own
// streams and memory. An object belongs to the device that its thread selected with `use`. Functions throw DeviceError.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "device.h"

#if defined(SHIFTSCOPE_EMULATED_CUDA)
#include "emulation.h"
#else
#include <cuda_runtime.h>
#if defined(__CUDACC__)
#include <cuda_pipeline_primitives.h>
#endif
#endif

namespace shiftscope::SHIFTSCOPE_CUDA {

/// A queue of work for the device. The work is done in order.
class Stream {
 public:
  Stream() { check("cudaStreamCreateWithFlags", cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(handle_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  cudaStream_t handle() const { return handle_; }

  /// Waits until the queue is empty. Throws if any of the work failed.
  void synchronise() const { check("cudaStreamSynchronize", cudaStreamSynchronize(handle_)); }

  /// Waits until the queue is empty, whether or not the work failed.
  void drain() const noexcept { cudaStreamSynchronize(handle_); }

 private:
  cudaStream_t handle_ = nullptr;
};

/// `upload` and `download` queue a copy of `count` elements. If the host memory is not pinned, it has been read or
/// written when the call returns.
template <class T>
void upload(T* device, const T* host, std::size_t count, const Stream& stream) {
  if (count == 0) return;
  check("cudaMemcpyAsync", cudaMemcpyAsync(device, host, count * sizeof(T), cudaMemcpyHostToDevice, stream.handle()));
}

template <class T>
void download(T* host, const T* device, std::size_t count, const Stream& stream) {
  if (count == 0) return;
  check("cudaMemcpyAsync", cudaMemcpyAsync(host, device, count * sizeof(T), cudaMemcpyDeviceToHost, stream.handle()));
}

/// An array in device memory. New elements are uninitialised.
template <class T>
class Array {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Array() = default;
  explicit Array(std::size_t count) { resize(count); }
  Array(const T* values, std::size_t count, const Stream& stream) : Array(count) { upload(data_, values, count, stream); }
  Array(const std::vector<T>& values, const Stream& stream) : Array(values.data(), values.size(), stream) {}
  ~Array() { cudaFree(data_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }

  /// Discards all elements and allocates `count` new ones.
  void resize(std::size_t count) {
    cudaFree(std::exchange(data_, nullptr));
    void* memory = nullptr;
    if (count > 0) check("cudaMalloc", cudaMalloc(&memory, count * sizeof(T)));
    data_ = static_cast<T*>(memory);
  }

 private:
  T* data_ = nullptr;
};

/// An array in the processor's memory with a copy on the device. The processor's memory is pinned, so that the device
/// can copy it while the calling thread goes on.
template <class T>
class Twin {
 public:
  Twin() = default;
  ~Twin() { release(); }
  Twin(const Twin&) = delete;
  Twin& operator=(const Twin&) = delete;

  /// Makes room for `count` elements. If the arrays must grow, their elements are lost, and no queued work may use
  /// them. Capacities are powers of two, so that arrays grow rarely, because the whole device may wait while memory is
  /// allocated.
  void reserve(std::size_t count) {
    if (count <= capacity_) return;
    const std::size_t capacity = std::bit_ceil(count);
    capacity_ = 0;
    release();
    device_.resize(capacity);
    void* memory = nullptr;
    check("cudaMallocHost", cudaMallocHost(&memory, capacity * sizeof(T)));
    host_ = static_cast<T*>(memory);
    capacity_ = capacity;
  }

  T* host() { return host_; }
  T* device() { return device_.data(); }

  /// `send` queues a copy of the first `count` elements to the device, `fetch` a copy from the device. Do not touch
  /// `host()` until the copy is done. With `values`, these become the first elements.
  void send(std::size_t count, const Stream& stream) { upload(device_.data(), host_, count, stream); }
  void send(const T* values, std::size_t count, const Stream& stream) {
    reserve(count);
    std::copy_n(values, count, host_);
    send(count, stream);
  }
  void fetch(std::size_t count, const Stream& stream) { download(host_, device_.data(), count, stream); }

 private:
  void release() noexcept {
    if (host_ != nullptr) cudaFreeHost(std::exchange(host_, nullptr));
  }

  T* host_ = nullptr;
  Array<T> device_;
  std::size_t capacity_ = 0;
};

/// The smallest index that kernels report, in device memory. Kernels lower it with atomicMin; before that, it is kNone.
/// It may also contain a code, such as 4 · row + reason.
class LeastIndex {
 public:
  static constexpr unsigned long long kNone = ~0ull;

  explicit LeastIndex(const Stream& stream) : stream_(stream), value_(1) {
    check("cudaMemsetAsync", cudaMemsetAsync(value_.data(), 0xff, sizeof kNone, stream.handle()));
  }

  unsigned long long* data() { return value_.data(); }

  /// Waits for the stream, then returns the number.
  unsigned long long get() const {
    unsigned long long value = kNone;
    download(&value, value_.data(), 1, stream_);
    stream_.synchronise();
    return value;
  }

 private:
  const Stream& stream_;
  Array<unsigned long long> value_;
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
