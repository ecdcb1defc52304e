#include "composite_kernel.h"

#include "vector.h"

namespace shiftscope::SHIFTSCOPE_LEVEL {
namespace {

struct Blend {
  const float* foreground;
  const float* keep;
  const float* background;
  template <class V>
  SHIFTSCOPE_INLINE V at(std::size_t i) const {
    return V::load(foreground + i) + V::load(keep + i) * V::load(background + i);
  }
};

template <bool Stream>
void constant_plane(const CompositeJob& job, std::size_t channel, std::size_t row, std::size_t col, float* out) {
  const std::size_t stride = 2 * job.cols - job.window_cols;
  const float* padded = job.padded + channel * job.window_rows * stride + (job.cols - job.window_cols - col);
  const Fill background{job.background[channel]};
  emit<Stream>(out, row * job.cols, background);
  out += row * job.cols;
  for (std::size_t r = 0; r < job.window_rows; ++r, out += job.cols) {
    emit<Stream>(out, job.cols, Copy{padded + r * stride});
  }
  emit<Stream>(out, (job.rows - row - job.window_rows) * job.cols, background);
}

template <bool Stream>
void image_plane(const CompositeJob& job, std::size_t channel, std::size_t row, std::size_t col, float* out) {
  const std::size_t stride = 2 * job.cols - job.window_cols;
  const std::size_t shift = job.cols - job.window_cols - col;
  const float* padded = job.padded + channel * job.window_rows * stride + shift;
  const float* keep = job.keep + shift;
  const float* background = job.background + channel * job.rows * job.cols;
  emit<Stream>(out, row * job.cols, Copy{background});
  for (std::size_t r = 0; r < job.window_rows; ++r) {
    const std::size_t at = (row + r) * job.cols;
    emit<Stream>(out + at, job.cols, Blend{padded + r * stride, keep + r * stride, background + at});
  }
  const std::size_t below = (row + job.window_rows) * job.cols;
  emit<Stream>(out + below, job.rows * job.cols - below, Copy{background + below});
}

template <bool Stream>
void plane(const CompositeJob& job, std::size_t channel, std::size_t row, std::size_t col, float* out) {
  if (job.constant) {
    constant_plane<Stream>(job, channel, row, col, out);
  } else {
    image_plane<Stream>(job, channel, row, col, out);
  }
}

}  // namespace

void composite_plane(const CompositeJob& job, std::size_t channel, std::size_t row, std::size_t col, float* out) {
  if (job.stream) {
    plane<true>(job, channel, row, col, out);
    finish_streaming();
  } else {
    plane<false>(job, channel, row, col, out);
  }
}

}  // namespace shiftscope::SHIFTSCOPE_LEVEL
