#pragma once

#include <cstddef>

#include "memory.h"
#include "namespace.h"
#include "stream.h"

/// Systems of symmetric positive definite matrices in float64, solved on the device by factors L D Lᵀ; the twin of
/// core/svm_factor.h.
///
/// By panels of 32 columns, right-looking: a panel is factorised, then its products are subtracted from all that is right
/// of it. Right-hand sides are further columns of the matrix, so that the factorisation solves their first half.
///
/// Floor: size³/6 multiply-adds, 0.8 ms for 4096 at an H100's 14 · 10¹² a second; the matrix is read and written once a
/// panel, size³ / 12 bytes or 1.7 ms at 3.35 TB/s; and a panel's three kernels take 10 to 15 µs, however little there is to do.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// Memory for one system at a time, larger where one needs more, on the device that was the thread's when it was made.
class DeviceFactor {
 public:
  /// Room for a matrix [size, stride] whose elements on and right of the diagonal the caller has the stream write, and for
  /// so many right-hand sides. Nothing that is queued may use the memory. Throws DeviceError, with out_of_memory where the
  /// device has too little; another `start` may follow then.
  void start(std::size_t size, std::size_t right_sides);

  double* matrix() { return matrix_.data(); }
  std::size_t stride() const { return stride_; }

  /// Queues the replacement of the right-hand sides x, [right_sides, size] on the device, by the solutions. A pivot below
  /// `least_pivot` is replaced by it. The matrix is used up.
  void solve(double least_pivot, double* x, const Stream& stream);

 private:
  std::size_t size_ = 0, right_sides_ = 0, stride_ = 0;
  Array<double> matrix_;
  Array<double> blocks_;  ///< L on the diagonal, [panels, columns of L, rows of L]
  Array<double> pivots_;
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
