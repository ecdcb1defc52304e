#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "composite.h"
#include "failure.h"
#include "job.h"
#include "operations.h"

namespace shiftscope::binding {
namespace {

Normalisation normalisation_of(const Napi::Object& options) {
  Normalisation normalisation;
  normalisation.divisor = number_argument(property(options, "divisor"), "divisor");
  three_numbers(property(options, "mean"), "mean", normalisation.mean.data());
  three_numbers(property(options, "std"), "std", normalisation.std.data());
  const std::string order = string_argument(property(options, "channelOrder"), "channelOrder");
  if (order != "rgb" && order != "bgr") {
    throw Napi::TypeError::New(options.Env(), "channelOrder must be 'rgb' or 'bgr'");
  }
  normalisation.bgr = order == "bgr";
  return normalisation;
}

Blend blend_of(const Napi::Object& options) {
  const std::string blend = string_argument(property(options, "blend"), "blend");
  if (blend != "hard" && blend != "soft") {
    throw Napi::TypeError::New(options.Env(), "blend must be 'hard' or 'soft'");
  }
  return blend == "soft" ? Blend::soft : Blend::hard;
}

Napi::Object object_property(const Napi::Object& options, const char* name) {
  const Napi::Value value = property(options, name);
  if (!value.IsObject()) throw Napi::TypeError::New(options.Env(), std::string(name) + " must be an object");
  return value.As<Napi::Object>();
}

/// A colour, or an image that is not looked at yet.
struct Background {
  std::optional<std::array<std::uint8_t, 3>> rgb;
  Napi::Value image;
};

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

Background background_of(const Napi::Object& background) {
  if (background.Has("rgb")) return {colour_of(background.Get("rgb")), {}};
  return {std::nullopt, property(background, "image")};
}

Frame frame_of(const Background& background, std::size_t rows, std::size_t cols, const Normalisation& normalisation) {
  if (background.rgb) return colour_frame(*background.rgb, rows, cols, normalisation);
  const Napi::Env env = background.image.Env();
  const Napi::Uint8Array image = uint8_array(background.image, "background.image");
  check_length(env, image.ElementLength(), product(env, product(env, rows, cols), 3), "background.image",
               "frameRows * frameCols * 3");
  return image_frame(image.Data(), rows, cols, normalisation);
}

/// For messages.
std::string name_of_compositor(const char* window, std::size_t window_rows, std::size_t window_cols, std::size_t rows,
                               std::size_t cols) {
  return std::string("a compositor of a ") + shape_text(window_rows, window_cols) + " " + window + " on a " +
         shape_text(rows, cols) + " frame";
}

using CompositorPointer = std::shared_ptr<const Compositor>;

CompositorPointer from_patch(const Napi::Object& options) {
  const Napi::Env env = options.Env();
  const Napi::Value patch_value = property(options, "patch");
  const std::size_t patch_rows = count_argument(property(options, "patchRows"), "patchRows", 1);
  const std::size_t patch_cols = count_argument(property(options, "patchCols"), "patchCols", 1);
  const std::size_t rows = count_argument(property(options, "frameRows"), "frameRows", 1);
  const std::size_t cols = count_argument(property(options, "frameCols"), "frameCols", 1);
  const Normalisation normalisation = normalisation_of(object_property(options, "normalisation"));
  const Blend blend = blend_of(options);
  const Background background = background_of(object_property(options, "background"));

  const Napi::Uint8Array patch = uint8_array(patch_value, "patch");
  check_length(env, patch.ElementLength(), product(env, product(env, patch_rows, patch_cols), 4), "patch",
               "patchRows * patchCols * 4");
  const std::string name = name_of_compositor("patch", patch_rows, patch_cols, rows, cols);
  return translated(env, name, Failure::Kind::range_error, [&] {
    const Window window = patch_window(patch.Data(), patch_rows, patch_cols, normalisation, blend);
    return std::make_shared<const Compositor>(window, frame_of(background, rows, cols, normalisation));
  });
}

std::vector<float> floats(const Napi::Float32Array& array) {
  return std::vector<float>(array.Data(), array.Data() + array.ElementLength());
}

CompositorPointer from_window(const Napi::Object& options) {
  const Napi::Env env = options.Env();
  const std::size_t channels = count_argument(property(options, "channels"), "channels", 1);
  const std::size_t window_rows = count_argument(property(options, "windowRows"), "windowRows", 1);
  const std::size_t window_cols = count_argument(property(options, "windowCols"), "windowCols", 1);
  const std::size_t rows = count_argument(property(options, "frameRows"), "frameRows", 1);
  const std::size_t cols = count_argument(property(options, "frameCols"), "frameCols", 1);
  const Napi::Value window_value = property(options, "window");
  const Napi::Value background_value = property(options, "background");
  const Napi::Value weight_value = options.Get("weight");

  const Napi::Float32Array values = float32_array(window_value, "window");
  const Napi::Float32Array background = float32_array(background_value, "background");
  const std::size_t pixels = product(env, window_rows, window_cols);
  check_length(env, values.ElementLength(), product(env, channels, pixels), "window",
               "channels * windowRows * windowCols");
  if (background.ElementLength() != channels) {
    check_length(env, background.ElementLength(), product(env, channels, product(env, rows, cols)), "background",
                 "channels * frameRows * frameCols, or channels");
  }
  std::optional<Napi::Float32Array> given;
  if (!weight_value.IsUndefined()) {
    given = float32_array(weight_value, "weight");
    check_length(env, given->ElementLength(), pixels, "weight", "windowRows * windowCols");
  }
  const std::string name = name_of_compositor("window", window_rows, window_cols, rows, cols);
  return translated(env, name, Failure::Kind::range_error, [&] {
    std::vector<float> weight = given ? floats(*given) : std::vector<float>(pixels, 1.0f);
    return std::make_shared<const Compositor>(
        Window{channels, window_rows, window_cols, floats(values), std::move(weight)},
        Frame{channels, rows, cols, floats(background)});
  });
}

/// Rows and cols by turns.
std::vector<Offset> offsets_of(const Napi::Int32Array& places) {
  std::vector<Offset> offsets(places.ElementLength() / 2);
  for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] = {places.Data()[2 * i], places.Data()[2 * i + 1]};
  return offsets;
}

/// The JavaScript object of one `shiftscope::Compositor`, which jobs in flight share.
class CompositorObject : public Napi::ObjectWrap<CompositorObject> {
 public:
  explicit CompositorObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CompositorObject>(info) {
    if (!info[0].IsObject()) throw Napi::TypeError::New(info.Env(), "the options of a compositor must be an object");
    const Napi::Object options = info[0].As<Napi::Object>();
    compositor_ = options.Has("patch") ? from_patch(options) : from_window(options);
  }

  Napi::Value composite(const Napi::CallbackInfo& info) {
    const Napi::Int32Array places = int32_array(info[0], "offsets");
    Napi::Float32Array out = float32_array(info[1], "out");
    if (places.ElementLength() % 2 != 0) {
      throw Napi::RangeError::New(info.Env(), "offsets must hold a row and a col for each image");
    }
    const std::size_t images = places.ElementLength() / 2;
    check_length(info.Env(), out.ElementLength(), product(info.Env(), images, compositor_->image_size()), "out",
                 "images * channels * frameRows * frameCols");
    const std::string name = std::to_string(images) + " composites";
    std::vector<Offset> offsets =
        translated(info.Env(), name, Failure::Kind::error, [&] { return offsets_of(places); });

    float* data = out.Data();
    return Job<Nothing>::start(info.Env(), {name,
                                            {out},
                                            [compositor = compositor_, offsets = std::move(offsets), data] {
                                              compositor->composite(offsets.data(), offsets.size(), data);
                                              return Nothing{};
                                            },
                                            undefined_value});
  }

 private:
  CompositorPointer compositor_;
};

}  // namespace

Napi::Function compositor_class(const Napi::Env& env) {
  return CompositorObject::DefineClass(
      env, "Compositor", {CompositorObject::InstanceMethod<&CompositorObject::composite>("composite")});
}

}  // namespace shiftscope::binding
