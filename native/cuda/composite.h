#pragma once

#include <cstddef>
#include <cstdint>

#include "../core/composite.h"
#include "device.h"
#include "memory.h"
#include "namespace.h"
#include "stream.h"

/// Compositing into a batch on a device; the twin of core/composite.h.
///
/// Floor: the batch is written once; the window and the background stay in the caches. A thread writes 16 bytes at a time,
/// and what lies apart from the window, most of a frame, costs one comparison for these.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// The bits of an IEEE 754 binary16.
using Half = std::uint16_t;

/// Pastes one window into one frame at any number of offsets. One thread at a time.
class Compositor {
 public:
  /// Errors as in core/composite.h; DeviceError.
  Compositor(const Device& device, const Window& window, const Frame& frame);

  /// Floats in one composite.
  std::size_t image_size() const { return checked_.image_size(); }

  /// Queues what core/composite.h defines, bit for bit but for the sign of zero; as Half, each value rounded to nearest,
  /// ties to even.
  /// offsets: [count], in the processor's memory, read only during the call. out: [count, channels, rows, cols] on the
  /// device, at any address that T may have; this and the stream must outlive the work.
  /// Throws std::out_of_range as there, and DeviceError.
  void composite(const Offset* offsets, std::size_t count, float* out, const Stream& stream);
  void composite(const Offset* offsets, std::size_t count, Half* out, const Stream& stream);

 private:
  template <class T>
  void run(const Offset* offsets, std::size_t count, T* out, const Stream& stream);

  shiftscope::Compositor checked_;
  int device_;
  std::size_t channels_, rows_, cols_, window_rows_, window_cols_;
  bool constant_;
  Array<float> foreground_;  ///< weight · window, or on a constant background what comes of it, [channels, rows, cols]
  Array<float> keep_;        ///< 1 - weight, [rows, cols] of the window
  Array<float> background_;  ///< as in Frame
  Array<Offset> offsets_;
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
