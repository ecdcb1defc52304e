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

/// The rows of the patch that the frame shows: `count` rows, the first of which is row `skipped` of the patch and row
/// `above` of the frame.
struct ShownRows {
  std::size_t above, skipped, count;
  ShownRows(const CompositeJob& job, std::int32_t row)
      : above(row > 0 ? static_cast<std::size_t>(row) : 0),
        skipped(row < 0 ? static_cast<std::size_t>(-row) : 0),
        count(job.patch_rows - skipped < job.rows - above ? job.patch_rows - skipped : job.rows - above) {}
};

/// Index in a padded row of the value for the frame's first column.
std::size_t first_column(const CompositeJob& job, std::int32_t col) {
  return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(job.margin) - col);
}

template <bool Stream>
void constant_plane(const CompositeJob& job, std::size_t channel, const Offset& at, float* out) {
  const ShownRows shown(job, at.row);
  const std::size_t stride = job.patch_cols + 2 * job.margin;
  const float* padded =
      job.padded + (channel * job.patch_rows + shown.skipped) * stride + first_column(job, at.col);
  const Fill background{job.background[channel]};
  emit<Stream>(out, shown.above * job.cols, background);
  out += shown.above * job.cols;
  for (std::size_t r = 0; r < shown.count; ++r, out += job.cols) {
    emit<Stream>(out, job.cols, Copy{padded + r * stride});
  }
  emit<Stream>(out, (job.rows - shown.above - shown.count) * job.cols, background);
}

template <bool Stream>
void image_plane(const CompositeJob& job, std::size_t channel, const Offset& at, float* out) {
  const ShownRows shown(job, at.row);
  const std::size_t stride = job.patch_cols + 2 * job.margin;
  const std::size_t first = shown.skipped * stride + first_column(job, at.col);
  const float* padded = job.padded + channel * job.patch_rows * stride + first;
  const float* keep = job.keep + first;
  const float* background = job.background + channel * job.rows * job.cols;
  emit<Stream>(out, shown.above * job.cols, Copy{background});
  for (std::size_t r = 0; r < shown.count; ++r) {
    const std::size_t begin = (shown.above + r) * job.cols;
    emit<Stream>(out + begin, job.cols, Blend{padded + r * stride, keep + r * stride, background + begin});
  }
  const std::size_t below = (shown.above + shown.count) * job.cols;
  emit<Stream>(out + below, job.rows * job.cols - below, Copy{background + below});
}

template <bool Stream>
void plane(const CompositeJob& job, std::size_t channel, const Offset& at, float* out) {
  if (job.constant) {
    constant_plane<Stream>(job, channel, at, out);
  } else {
    image_plane<Stream>(job, channel, at, out);
  }
}

}  // namespace

void composite_plane(const CompositeJob& job, std::size_t channel, const Offset& at, float* out) {
  if (job.stream) {
    plane<true>(job, channel, at, out);
    finish_streaming();
  } else {
    plane<false>(job, channel, at, out);
  }
}

}  // namespace shiftscope::SHIFTSCOPE_LEVEL
