#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "instruction_set.h"

/// Compositing: draws a patch at many positions on one background, straight into a network's input batch.
///
/// Lower bound of the time: a batch of n images is n·C·H·W·4 bytes, written once. Background and patch stay in the
/// processor's caches, and each float takes at most one multiplication and one addition. So the limit is the
/// memory-write bandwidth of a core. The constructor computes everything that depends only on the patch: the
/// normalisation, the blending weights and, on a constant background, the blending itself.
namespace shiftscope {

/// Converts 8-bit samples to network input: (value / divisor - mean[c]) / std[c]. Each step is rounded to float32 in
/// this order, so the bits equal those of torchvision's ToTensor (divisor 255) and Normalize.
/// mean and std are in the order of the output channels; with `bgr`, index 0 is blue.
struct Normalisation {
  float divisor = 255;
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> std{1, 1, 1};
  bool bgr = false;
};

/// hard: the patch's pixel if alpha >= 128, otherwise the background's. soft: weight alpha/255 in float32.
enum class Blend { hard, soft };

/// The patch as network input: what is pasted into the frame.
struct Window {
  std::size_t channels = 0, rows = 0, cols = 0;
  std::vector<float> values;  ///< [channels, rows, cols]
  std::vector<float> weight;  ///< [rows, cols], from 0 (background) to 1 (window), shared by the channels
};

/// The background as network input.
struct Frame {
  std::size_t channels = 0, rows = 0, cols = 0;
  std::vector<float> values;  ///< [channels] for a constant background, else [channels, rows, cols]
};

/// Position of the window's top-left corner in the frame.
struct Offset {
  std::int32_t row, col;
};

/// rgba: [rows, cols, 4], 8 bits per sample, read only during the call.
/// Throws std::out_of_range if normalised values are not finite.
Window patch_window(const std::uint8_t* rgba, std::size_t rows, std::size_t cols, const Normalisation& normalisation,
                    Blend blend);

/// A frame of one colour. Throws like `patch_window`.
Frame colour_frame(const std::array<std::uint8_t, 3>& rgb, std::size_t rows, std::size_t cols,
                   const Normalisation& normalisation);

/// rgb: [rows, cols, 3], 8 bits per sample, read only during the call. Throws like `patch_window`.
Frame image_frame(const std::uint8_t* rgb, std::size_t rows, std::size_t cols, const Normalisation& normalisation);

/// Pastes one window into one frame at any number of offsets. It does not change after construction, so several threads
/// can use it at the same time.
class Compositor {
 public:
  /// Window and frame need the same number of channels. Each needs as many values as its shape says, all finite.
  /// Throws std::out_of_range if the window is larger than the frame.
  Compositor(const Window& window, const Frame& frame);

  /// Floats per image.
  std::size_t image_size() const { return channels_ * rows_ * cols_; }

  /// out[i, c, y, x] = weight * window + (1 - weight) * frame, with the window's corner at offsets[i]. Both products
  /// and their sum are rounded to float32, so every instruction set gives the same bits.
  ///
  /// offsets: [count]. out: [count, channels, rows, cols], C order. out needs only 4-byte alignment.
  /// It must not overlap the memory of this compositor or the offsets.
  /// Batches larger than the last-level cache are written past the caches.
  /// Throws std::out_of_range, before anything is written, if an offset puts the window outside the frame.
  void composite(const Offset* offsets, std::size_t count, float* out,
                 InstructionSet level = instruction_set()) const;

 private:
  void check(const Offset* offsets, std::size_t count) const;

  std::size_t channels_, rows_, cols_;
  std::size_t window_rows_, window_cols_;
  bool constant_;
  std::vector<float> background_;  // as in Frame
  // [channels, window_rows, 2 * cols_ - window_cols_]: the window's rows between margins of cols_ - window_cols_
  // background pixels. So a row of the image is one run of cols_ floats, wherever the window is.
  // Final values on a constant background; otherwise weight * window, to which keep_ * background is added.
  std::vector<float> padded_;
  // 1 - weight, padded by ones: [window_rows, 2 * cols_ - window_cols_]; empty if the background is constant
  std::vector<float> keep_;
};

/// `Compositor::composite`, one pixel at a time. Tests compare the kernels with it.
void composite_reference(const Window& window, const Frame& frame, const Offset* offsets, std::size_t count,
                         float* out);

}  // namespace shiftscope
