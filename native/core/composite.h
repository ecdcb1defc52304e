#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "instruction_set.h"

/// Compositing: draws a patch at many positions on one background, straight into a network's input batch.
///
/// The speed is limited by how fast a core writes to memory. A batch of n images, [n, C, H, W], has n·C·H·W·4 bytes.
/// They are written once. Each float takes at most one multiplication and one addition. Background and patch stay in
/// the caches. Normalised values and blending weights are computed once per patch. So are the blended values, if the
/// background is constant.
namespace shiftscope {

/// Converts 8-bit colour values to network input: (value / divisor - mean[c]) / std[c]. The result of each step is
/// rounded to float32, so the bits equal those of torchvision's ToTensor (divisor 255) and Normalize.
/// The output channels are in the order RGB, or BGR if `bgr` is set. `mean` and `std` are in the same order.
struct Normalisation {
  float divisor = 255;
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> std{1, 1, 1};
  bool bgr = false;
};

/// How the patch's alpha values combine patch and background.
/// hard: a pixel shows the patch if alpha >= 128, otherwise the background.
/// soft: a pixel mixes both; the patch has the weight alpha/255, in float32.
enum class Blend { hard, soft };

/// The patch, converted to network input. It is pasted into a `Frame`.
struct Patch {
  std::size_t channels = 0, rows = 0, cols = 0;
  std::vector<float> values;  ///< [channels, rows, cols]
  std::vector<float> weight;  ///< [rows, cols], from 0 (background) to 1 (patch), shared by the channels
};

/// The background, converted to network input.
struct Frame {
  std::size_t channels = 0, rows = 0, cols = 0;
  std::vector<float> values;  ///< [channels] for a constant background, else [channels, rows, cols]
};

/// Position of the patch's top-left corner in the frame. It is negative, or 0, along an axis where the patch is larger
/// than the frame. Then the frame shows a part of the patch.
struct Offset {
  std::int32_t row, col;
};

/// Converts an RGBA image to a patch.
/// rgba: [rows, cols, 4], 8 bits per value; it is not used after the call.
/// Throws std::out_of_range if normalised values are not finite, for example because a std is 0.
Patch rgba_patch(const std::uint8_t* rgba, std::size_t rows, std::size_t cols, const Normalisation& normalisation,
                 Blend blend);

/// Makes a frame of one colour. Throws the same errors as `rgba_patch`.
Frame colour_frame(const std::array<std::uint8_t, 3>& rgb, std::size_t rows, std::size_t cols,
                   const Normalisation& normalisation);

/// Converts an RGB image to a frame.
/// rgb: [rows, cols, 3], 8 bits per value; it is not used after the call. Throws the same errors as `rgba_patch`.
Frame image_frame(const std::uint8_t* rgb, std::size_t rows, std::size_t cols, const Normalisation& normalisation);

/// Pastes one patch into one frame at any number of offsets. A compositor does not change after construction, so
/// several threads can use it at the same time.
class Compositor {
 public:
  /// Patch and frame must have the same number of channels. Their arrays must fit their shapes and hold only
  /// finite values. Along each axis, the patch may be smaller or larger than the frame.
  Compositor(const Patch& patch, const Frame& frame);

  std::size_t channels() const { return channels_; }
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  /// Number of floats per image.
  std::size_t image_size() const { return channels_ * rows_ * cols_; }
  /// Number of bytes of its arrays.
  std::size_t bytes() const { return (background_.size() + padded_.size() + keep_.size()) * sizeof(float); }

  /// Computes out[i, c, y, x] = weight * patch + (1 - weight) * frame, with the patch's top-left corner at
  /// offsets[i]. Both products and their sum are rounded to float32, so every instruction set gives the same bits.
  ///
  /// offsets: [count]. out: [count, channels, rows, cols], C order. `out` needs only 4-byte alignment, and it must not
  /// overlap the offsets or the memory of this compositor.
  /// A batch larger than the last-level cache is written directly to memory, past the caches.
  /// Along each axis, the smaller one of patch and frame must be inside the larger one. Otherwise, throws
  /// std::out_of_range before anything is written.
  void composite(const Offset* offsets, std::size_t count, float* out,
                 InstructionSet level = instruction_set()) const;

 private:
  void check(const Offset* offsets, std::size_t count) const;

  std::size_t channels_, rows_, cols_;
  std::size_t patch_rows_, patch_cols_;
  std::size_t margin_;  // cols_ - patch_cols_, or 0 if the patch is wider than the frame
  bool constant_;
  std::vector<float> background_;  // Frame::values
  // The patch's rows, each with margin_ pixels on the left and on the right: [channels, patch_rows, patch_cols_ + 2 *
  // margin_]. For every offset, a row of the image is cols_ consecutive floats of such a row. On a constant background,
  // these floats are the final values. Otherwise, they are weight * patch (0 in the margins), and `composite` adds
  // keep_ * background.
  std::vector<float> padded_;
  // 1 - weight, with margins of ones: [patch_rows, patch_cols_ + 2 * margin_]. Empty if the background is constant.
  std::vector<float> keep_;
};

/// Does the same as `Compositor::composite`, one pixel at a time. Tests compare the kernels with it.
void composite_reference(const Patch& patch, const Frame& frame, const Offset* offsets, std::size_t count,
                         float* out);

}  // namespace shiftscope
