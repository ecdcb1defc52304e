#include "composite.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "cache.h"
#include "composite_kernel.h"

namespace shiftscope {
namespace {

using CompositePlane = void (*)(const CompositeJob&, std::size_t, const Offset&, float*);
constexpr CompositePlane kCompositePlane[] = SHIFTSCOPE_LEVEL_TABLE(composite_plane);

std::string size_text(std::size_t rows, std::size_t cols) { return std::to_string(rows) + "x" + std::to_string(cols); }

struct NormalisationTable {
  float values[3][256];

  explicit NormalisationTable(const Normalisation& n) {
    for (int c = 0; c < 3; ++c) {
      for (int sample = 0; sample < 256; ++sample) {
        const float scaled = static_cast<float>(sample) / n.divisor;
        const float centred = scaled - n.mean[c];
        values[c][sample] = centred / n.std[c];
        if (!std::isfinite(values[c][sample])) {
          throw std::out_of_range("the normalisation gives values that are not finite: divisor and std must not be 0");
        }
      }
    }
  }
};

int source_channel(const Normalisation& n, int c) { return n.bgr ? 2 - c : c; }

/// Converts an image to network input. out: [3, pixels].
/// samples: 8-bit values, `stride` per pixel; the first three of each pixel are red, green and blue.
void normalise(const std::uint8_t* samples, std::size_t pixels, std::size_t stride, const Normalisation& normalisation,
               float* out) {
  const NormalisationTable table(normalisation);
  for (int c = 0; c < 3; ++c) {
    const std::uint8_t* from = samples + source_channel(normalisation, c);
    for (std::size_t p = 0; p < pixels; ++p) *out++ = table.values[c][from[p * stride]];
  }
}

}  // namespace

Patch rgba_patch(const std::uint8_t* rgba, std::size_t rows, std::size_t cols, const Normalisation& normalisation,
                 Blend blend) {
  const std::size_t pixels = rows * cols;
  Patch patch{3, rows, cols, std::vector<float>(3 * pixels), std::vector<float>(pixels)};
  normalise(rgba, pixels, 4, normalisation, patch.values.data());
  for (std::size_t p = 0; p < pixels; ++p) {
    const std::uint8_t alpha = rgba[4 * p + 3];
    patch.weight[p] = blend == Blend::soft ? static_cast<float>(alpha) / 255.0f : (alpha >= 128 ? 1.0f : 0.0f);
  }
  return patch;
}

Frame colour_frame(const std::array<std::uint8_t, 3>& rgb, std::size_t rows, std::size_t cols,
                   const Normalisation& normalisation) {
  Frame frame{3, rows, cols, std::vector<float>(3)};
  normalise(rgb.data(), 1, 3, normalisation, frame.values.data());
  return frame;
}

Frame image_frame(const std::uint8_t* rgb, std::size_t rows, std::size_t cols, const Normalisation& normalisation) {
  Frame frame{3, rows, cols, std::vector<float>(3 * rows * cols)};
  normalise(rgb, rows * cols, 3, normalisation, frame.values.data());
  return frame;
}

Compositor::Compositor(const Patch& patch, const Frame& frame)
    : channels_(frame.channels),
      rows_(frame.rows),
      cols_(frame.cols),
      patch_rows_(patch.rows),
      patch_cols_(patch.cols),
      margin_(cols_ > patch_cols_ ? cols_ - patch_cols_ : 0),
      constant_(frame.values.size() == frame.channels),
      background_(frame.values) {
  const std::size_t pixels = patch_rows_ * patch_cols_;
  const std::size_t stride = patch_cols_ + 2 * margin_;
  padded_.assign(channels_ * patch_rows_ * stride, 0.0f);
  if (!constant_) keep_.assign(patch_rows_ * stride, 1.0f);
  for (std::size_t c = 0; c < channels_; ++c) {
    for (std::size_t r = 0; r < patch_rows_; ++r) {
      float* row = padded_.data() + (c * patch_rows_ + r) * stride;
      if (constant_) std::fill(row, row + stride, background_[c]);
      for (std::size_t x = 0; x < patch_cols_; ++x) {
        const std::size_t pixel = r * patch_cols_ + x;
        const float weight = patch.weight[pixel];
        const float foreground = weight * patch.values[c * pixels + pixel];
        const float keep = 1.0f - weight;
        row[margin_ + x] = constant_ ? foreground + keep * background_[c] : foreground;
        if (!constant_) keep_[r * stride + margin_ + x] = keep;
      }
    }
  }
}

void Compositor::check(const Offset* offsets, std::size_t count) const {
  // The smaller of patch and frame must lie inside the larger one.
  const auto is_inside = [](std::int64_t at, std::size_t frame, std::size_t patch) {
    const auto end = static_cast<std::int64_t>(frame) - static_cast<std::int64_t>(patch);
    return at >= std::min<std::int64_t>(0, end) && at <= std::max<std::int64_t>(0, end);
  };
  for (std::size_t i = 0; i < count; ++i) {
    const auto [row, col] = offsets[i];
    if (!is_inside(row, rows_, patch_rows_) || !is_inside(col, cols_, patch_cols_)) {
      throw std::out_of_range("offset " + std::to_string(i) + " (row " + std::to_string(row) + ", col " +
                              std::to_string(col) + ") puts the " + size_text(patch_rows_, patch_cols_) +
                              " patch outside the " + size_text(rows_, cols_) + " frame");
    }
  }
}

void Compositor::composite(const Offset* offsets, std::size_t count, float* out, InstructionSet level) const {
  check(offsets, count);
  const CompositeJob job{rows_,
                         cols_,
                         patch_rows_,
                         patch_cols_,
                         margin_,
                         constant_,
                         background_.data(),
                         padded_.data(),
                         constant_ ? nullptr : keep_.data(),
                         count * image_size() * sizeof(float) > last_level_cache_bytes()};
  const CompositePlane composite_plane = kCompositePlane[static_cast<int>(level)];
  // The outer loop is over channels, because one channel of background and patch fits into the second-level cache.
  // All three channels together may be too large for it.
  for (std::size_t channel = 0; channel < channels_; ++channel) {
    for (std::size_t i = 0; i < count; ++i) {
      composite_plane(job, channel, offsets[i], out + (i * channels_ + channel) * rows_ * cols_);
    }
  }
}

}  // namespace shiftscope
