#include "composite.h"

#include <algorithm>
#include <vector>

#include "launch.h"

#if !defined(SHIFTSCOPE_EMULATED_CUDA)
#include <cuda_fp16.h>
#endif

namespace shiftscope::SHIFTSCOPE_CUDA {
namespace {

/// Vectors of 16 bytes that a thread writes.
constexpr unsigned kVectorsOfThread = 4;
constexpr unsigned kVectorsOfBlock = kVectorsOfThread * kThreads;

template <class T>
constexpr unsigned kLanes = 16 / sizeof(T);

/// Blocks of one launch at most.
constexpr std::size_t kMostBlocks = (std::size_t{1} << 31) - 1;

/// Division of any 32-bit number by one divisor: a multiplication and shifts (Granlund, Montgomery 1994).
struct Divisor {
  std::uint32_t divisor, factor, first_shift, second_shift;

  explicit Divisor(std::uint32_t by) : divisor(by) {
    std::uint32_t bits = 0;
    while ((std::uint64_t{1} << bits) < by) ++bits;
    factor = static_cast<std::uint32_t>((std::uint64_t{1} << 32) * ((std::uint64_t{1} << bits) - by) / by + 1);
    first_shift = std::min(bits, 1u);
    second_shift = bits - first_shift;
  }

  __device__ std::uint32_t quotient(std::uint32_t n) const {
    const std::uint32_t high = __umulhi(n, factor);
    return (high + ((n - high) >> first_shift)) >> second_shift;
  }
};

template <class T>
struct CompositeJob {
  std::size_t first_image;
  unsigned channels, pixels, window_rows, window_cols;
  unsigned blocks_of_plane;
  Divisor cols;
  const Offset* offsets;
  const float* foreground;
  const float* keep;
  const float* background;
  T* out;
};

inline __device__ void convert(float value, float& to) { to = value; }
inline __device__ void convert(float value, Half& to) { to = __half_as_ushort(__float2half_rn(value)); }

/// One channel of one image: its pixels by their index in the plane.
template <class T, bool Constant>
struct Plane {
  const float* foreground;  ///< [window rows, window cols]
  const float* keep;
  const float* background;  ///< [1] if Constant, else [pixels]
  unsigned cols, window_rows, window_cols, row, col;
  unsigned begin, end;  ///< the window lies between these pixels

  __device__ float background_at(unsigned pixel) const { return background[Constant ? 0 : pixel]; }

  /// r, s: place within the window if they are less than its sides; above or left of it, they wrap to large numbers.
  __device__ float at(unsigned pixel, unsigned r, unsigned s) const {
    const bool inside = r < window_rows && s < window_cols;
    const unsigned index = inside ? r * window_cols + s : 0;
    if constexpr (Constant) {
      return inside ? foreground[index] : background_at(pixel);
    } else {
      const float under = background_at(pixel);
      return inside ? __fadd_rn(foreground[index], __fmul_rn(keep[index], under)) : under;
    }
  }

  /// The `count` pixels from this one on.
  template <unsigned Count>
  __device__ void fill(unsigned pixel, const Divisor& by_cols, T (&to)[Count]) const {
    if (pixel + Count <= begin || pixel >= end) {
      for (unsigned i = 0; i < Count; ++i) convert(background_at(pixel + i), to[i]);
      return;
    }
    const unsigned y = by_cols.quotient(pixel), x = pixel - y * cols;
    unsigned r = y - row, s = x - col;
    for (unsigned i = 0; i < Count; ++i) {
      convert(at(pixel + i, r, s), to[i]);
      ++s;
      if (s == cols - col) {
        s = 0u - col;
        ++r;
      }
    }
  }
};

template <class T, bool Constant>
__device__ Plane<T, Constant> plane_of(const CompositeJob<T>& job, std::size_t image, unsigned channel) {
  const Offset offset = job.offsets[image];
  const unsigned row = static_cast<unsigned>(offset.row), col = static_cast<unsigned>(offset.col);
  const unsigned begin = row * job.cols.divisor + col;
  const unsigned end = begin + (job.window_rows - 1) * job.cols.divisor + job.window_cols;
  const float* background = job.background + static_cast<std::size_t>(channel) * (Constant ? 1 : job.pixels);
  return {job.foreground + static_cast<std::size_t>(channel) * job.window_rows * job.window_cols,
          job.keep,
          background,
          job.cols.divisor,
          job.window_rows,
          job.window_cols,
          row,
          col,
          begin,
          end};
}

/// Whole vectors at addresses that are multiples of 16 bytes by all blocks of a plane, the pixels before and after them by
/// the first.
template <class T, bool Constant>
__global__ void __launch_bounds__(kThreads) composite_kernel(CompositeJob<T> job) {
  const unsigned plane_index = blockIdx.x / job.blocks_of_plane, block = blockIdx.x % job.blocks_of_plane;
  const std::size_t image = job.first_image + plane_index / job.channels;
  const unsigned channel = plane_index % job.channels;
  const Plane<T, Constant> plane = plane_of<T, Constant>(job, image, channel);
  T* out = job.out + (image * job.channels + channel) * job.pixels;
  const unsigned misaligned = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(out) / sizeof(T) % kLanes<T>);
  const unsigned head = min(job.pixels, (kLanes<T> - misaligned) % kLanes<T>);
  const unsigned vectors = (job.pixels - head) / kLanes<T>;
  for (unsigned k = 0; k < kVectorsOfThread; ++k) {
    const unsigned vector = block * kVectorsOfBlock + k * kThreads + threadIdx.x;
    if (vector >= vectors) break;
    const unsigned pixel = head + vector * kLanes<T>;
    T values[kLanes<T>];
    plane.fill(pixel, job.cols, values);
    uint4 packed;
    memcpy(&packed, values, sizeof packed);
    __stcs(reinterpret_cast<uint4*>(out + pixel), packed);
  }
  const unsigned tail = head + vectors * kLanes<T>;
  if (block == 0 && threadIdx.x < head + (job.pixels - tail)) {
    const unsigned pixel = threadIdx.x < head ? threadIdx.x : tail + (threadIdx.x - head);
    T value[1];
    plane.fill(pixel, job.cols, value);
    out[pixel] = value[0];
  }
}

/// weight · window, each product rounded; on a constant background with what is kept of it added.
std::vector<float> foreground_of(const Window& window, const Frame& frame) {
  const std::size_t pixels = window.rows * window.cols;
  const bool constant = frame.values.size() == frame.channels;
  std::vector<float> values(window.values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float weight = window.weight[i % pixels];
    values[i] = weight * window.values[i];
    if (constant) {
      const float kept = (1.0f - weight) * frame.values[i / pixels];
      values[i] += kept;
    }
  }
  return values;
}

std::vector<float> keep_of(const Window& window) {
  std::vector<float> keep;
  for (float weight : window.weight) keep.push_back(1.0f - weight);
  return keep;
}

}  // namespace

Compositor::Compositor(const Device& device, const Window& window, const Frame& frame)
    : checked_(window, frame),
      device_(device.index),
      channels_(frame.channels),
      rows_(frame.rows),
      cols_(frame.cols),
      window_rows_(window.rows),
      window_cols_(window.cols),
      constant_(frame.values.size() == frame.channels) {
  use(device_);
  const Stream stream;
  foreground_.assign(foreground_of(window, frame), stream);
  keep_.assign(keep_of(window), stream);
  background_.assign(frame.values, stream);
  stream.synchronise();
}

template <class T>
void Compositor::run(const Offset* offsets, std::size_t count, T* out, const Stream& stream) {
  checked_.check(offsets, count);
  if (count == 0) return;
  use(device_);
  offsets_.assign(offsets, count, stream);
  const auto pixels = static_cast<unsigned>(rows_ * cols_);
  const unsigned blocks_of_plane = blocks_for(pixels, std::size_t{kVectorsOfBlock} * kLanes<T>);
  const std::size_t blocks_of_image = blocks_of_plane * channels_;
  const std::size_t images_of_launch = std::max<std::size_t>(1, kMostBlocks / blocks_of_image);
  for (std::size_t first = 0; first < count; first += images_of_launch) {
    const std::size_t images = std::min(images_of_launch, count - first);
    const CompositeJob<T> job{first,
                              static_cast<unsigned>(channels_),
                              pixels,
                              static_cast<unsigned>(window_rows_),
                              static_cast<unsigned>(window_cols_),
                              blocks_of_plane,
                              Divisor(static_cast<std::uint32_t>(cols_)),
                              offsets_.data(),
                              foreground_.data(),
                              keep_.data(),
                              background_.data(),
                              out};
    launch(stream, constant_ ? composite_kernel<T, true> : composite_kernel<T, false>,
           dim3(static_cast<unsigned>(images * blocks_of_image)), job);
  }
}

void Compositor::composite(const Offset* offsets, std::size_t count, float* out, const Stream& stream) {
  run(offsets, count, out, stream);
}

void Compositor::composite(const Offset* offsets, std::size_t count, Half* out, const Stream& stream) {
  run(offsets, count, out, stream);
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
