#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "namespace.h"
#include "stream.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

/// Bytes on the thread's device. All throw DeviceError.
void* allocate(std::size_t bytes);
void release(void* memory) noexcept;
/// Copies are queued; those to and from memory that is not pinned (twin.h) are done, or read, when the call returns.
void upload(void* device, const void* host, std::size_t bytes, const Stream& stream);
void download(void* host, const void* device, std::size_t bytes, const Stream& stream);
void fill(void* device, unsigned char byte, std::size_t bytes, const Stream& stream);

/// An array of T on the device that was the thread's when it was made, freed with it; unlike a vector's, its elements
/// have no value before they are written.
template <class T>
class Array {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Array() = default;
  explicit Array(std::size_t count) { resize(count); }
  ~Array() { release(data_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }

  /// Forgets the elements. Memory that is large enough is kept.
  void resize(std::size_t count) {
    size_ = count;
    if (count <= capacity_) return;
    release(std::exchange(data_, nullptr));
    capacity_ = 0;
    data_ = static_cast<T*>(allocate(count * sizeof(T)));
    capacity_ = count;
  }

  /// The host's elements can be changed at once, what copies them back must be waited for.
  void assign(const T* values, std::size_t count, const Stream& stream) {
    resize(count);
    upload(data_, values, count * sizeof(T), stream);
  }
  void assign(const std::vector<T>& values, const Stream& stream) { assign(values.data(), values.size(), stream); }
  void copy_to(T* values, const Stream& stream) const { download(values, data_, size_ * sizeof(T), stream); }

  /// Makes every byte this one.
  void fill(unsigned char byte, const Stream& stream) { SHIFTSCOPE_CUDA::fill(data_, byte, size_ * sizeof(T), stream); }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
