#include "composite.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "arguments.h"
#include "jobs.h"
#include "subpixel.h"

namespace shiftscope::binding {
namespace {

constexpr std::size_t kLargestSide = 65535;

std::size_t side_property(const Napi::Object& options, const char* name) {
  return count_argument(property(options, name), name, 1, kLargestSide);
}

Normalisation normalisation_of(const Napi::Object& options) {
  Normalisation normalisation;
  normalisation.divisor = number_argument(property(options, "divisor"), "divisor");
  three_numbers(property(options, "mean"), "mean", normalisation.mean.data());
  three_numbers(property(options, "std"), "std", normalisation.std.data());
  normalisation.bgr = choice_argument(property(options, "channelOrder"), "channelOrder", "rgb", "bgr");
  return normalisation;
}

std::array<std::uint8_t, 3> colour_of(const Napi::Value& value) {
  float rgb[3];
  three_numbers(value, "background.rgb", rgb);
  std::array<std::uint8_t, 3> samples;
  for (std::size_t c = 0; c < 3; ++c) {
    if (!(rgb[c] >= 0 && rgb[c] <= 255) || rgb[c] != static_cast<float>(static_cast<int>(rgb[c]))) {
      throw Napi::RangeError::New(value.Env(), "background.rgb must be three whole numbers from 0 to 255");
    }
    samples[c] = static_cast<std::uint8_t>(rgb[c]);
  }
  return samples;
}

using CompositorPointer = std::shared_ptr<const Compositor>;

CompositorPointer compositor_of(const Napi::Object& options) {
  const Napi::Env env = options.Env();
  const Napi::Value patch_value = property(options, "patch");
  const std::size_t patch_rows = side_property(options, "patchRows"), patch_cols = side_property(options, "patchCols");
  const std::size_t rows = side_property(options, "frameRows"), cols = side_property(options, "frameCols");
  const auto normalisation = normalisation_of(object_argument(property(options, "normalisation"), "normalisation"));
  const bool soft = choice_argument(property(options, "blend"), "blend", "hard", "soft");
  const Napi::Object background = object_argument(property(options, "background"), "background");
  const Napi::Value rgb = background.Get("rgb");
  const bool is_constant = !rgb.IsUndefined();
  const auto colour = is_constant ? colour_of(rgb) : std::array<std::uint8_t, 3>{};
  const Napi::Value image_value = is_constant ? env.Undefined() : property(background, "image");

  const Napi::Uint8Array patch =
      uint8_array(patch_value, "patch", patch_rows * patch_cols * 4, "patchRows * patchCols * 4");
  const std::uint8_t* image = nullptr;
  if (!is_constant) {
    image = uint8_array(image_value, "background.image", rows * cols * 3, "frameRows * frameCols * 3").Data();
  }
  const std::string name =
      "a compositor of a " + shape_text(patch_rows, patch_cols) + " patch on a " + shape_text(rows, cols) + " frame";
  return translated(env, name, [&] {
    const Blend blend = soft ? Blend::soft : Blend::hard;
    const Patch pasted = rgba_patch(patch.Data(), patch_rows, patch_cols, normalisation, blend);
    const Frame frame = is_constant ? colour_frame(colour, rows, cols, normalisation)
                                    : image_frame(image, rows, cols, normalisation);
    return std::make_shared<const Compositor>(pasted, frame);
  });
}

/// Converts an array [row, col, row, col, …] to offsets.
std::vector<Offset> offsets_of(const Napi::Int32Array& places) {
  std::vector<Offset> offsets(places.ElementLength() / 2);
  for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] = {places.Data()[2 * i], places.Data()[2 * i + 1]};
  return offsets;
}

constexpr std::size_t kNumbers = 4;  // of a movement

/// Converts an array [rows, cols, row step, col step, …] to movements.
std::vector<Movement> movements_of(const Napi::Float64Array& numbers) {
  std::vector<Movement> movements(numbers.ElementLength() / kNumbers);
  for (std::size_t i = 0; i < movements.size(); ++i) {
    const double* at = numbers.Data() + kNumbers * i;
    for (std::size_t n = 0; n < kNumbers; ++n) {
      if (!std::isfinite(at[n])) throw std::out_of_range("movement " + std::to_string(i) + " is not finite");
    }
    movements[i] = {at[0], at[1], at[2], at[3]};
  }
  return movements;
}

/// Draws each image and moves it. Consecutive images with equal offsets are drawn once.
void composite_moved(const Compositor& compositor, const std::vector<Offset>& offsets,
                     const std::vector<Movement>& movements, float* out) {
  const std::size_t size = compositor.image_size();
  std::vector<float> drawn(size);
  for (std::size_t begin = 0, end = 0; begin < offsets.size(); begin = end) {
    const auto is_other = [&](const Offset& at) { return at.row != offsets[begin].row || at.col != offsets[begin].col; };
    end = static_cast<std::size_t>(std::find_if(offsets.begin() + begin, offsets.end(), is_other) - offsets.begin());
    compositor.composite(&offsets[begin], 1, drawn.data());
    move_picture(drawn.data(), compositor.channels(), compositor.rows(), compositor.cols(), &movements[begin],
                 end - begin, out + begin * size);
  }
}

/// The JavaScript object for a `shiftscope::Compositor`, which running jobs share. The garbage collector does not see
/// the compositor's memory, so it is told how much there is. `close` gives the memory back without waiting for it.
class CompositorObject : public Napi::ObjectWrap<CompositorObject> {
 public:
  explicit CompositorObject(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<CompositorObject>(info),
        compositor_(compositor_of(object_argument(info[0], "the options of a compositor"))) {
    Napi::MemoryManagement::AdjustExternalMemory(info.Env(), bytes());
  }

  void Finalize(Napi::Env env) override { release(env); }

  /// Running jobs keep the compositor until they end. The object accepts no new ones.
  void close(const Napi::CallbackInfo& info) { release(info.Env()); }

  Napi::Value composite(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!compositor_) throw Napi::Error::New(env, "the compositor is closed");
    const Napi::Int32Array places = int32_array(info[0], "offsets");
    if (places.ElementLength() % 2 != 0) {
      throw Napi::RangeError::New(env, "offsets must hold a row and a col for each image");
    }
    const std::size_t images = places.ElementLength() / 2;
    Napi::Float32Array out = float32_array(info[1], "out", product(env, images, compositor_->image_size()),
                                           "images * channels * frameRows * frameCols");
    const std::string name = std::to_string(images) + " composites";
    float* data = out.Data();
    auto offsets = translated(env, name, [&] { return offsets_of(places); });
    if (info[2].IsUndefined()) {
      return start_job(env, {name, {out}, [compositor = compositor_, offsets = std::move(offsets), data] {
                               compositor->composite(offsets.data(), offsets.size(), data);
                               return to_undefined;
                             }});
    }
    if (compositor_->rows() < 2 || compositor_->cols() < 2) {
      throw Napi::RangeError::New(env, "images of one row or one column cannot be moved");
    }
    const auto numbers = float64_array(info[2], "movements", product(env, images, kNumbers), "images * 4");
    auto movements = translated(env, name, [&] { return movements_of(numbers); });
    return start_job(env, {name,
                           {out},
                           [compositor = compositor_, offsets = std::move(offsets), movements = std::move(movements), data] {
                             composite_moved(*compositor, offsets, movements, data);
                             return to_undefined;
                           }});
  }

 private:
  std::int64_t bytes() const { return compositor_ ? static_cast<std::int64_t>(compositor_->bytes()) : 0; }

  void release(const Napi::Env& env) {
    Napi::MemoryManagement::AdjustExternalMemory(env, -bytes());
    compositor_.reset();
  }

  CompositorPointer compositor_;  ///< null once it is closed
};

}  // namespace

Napi::Function compositor_class(const Napi::Env& env) {
  return CompositorObject::DefineClass(
      env, "Compositor",
      {CompositorObject::InstanceMethod<&CompositorObject::composite>("composite"),
       CompositorObject::InstanceMethod<&CompositorObject::close>("close")});
}

}  // namespace shiftscope::binding
