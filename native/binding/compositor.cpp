#include <memory>
#include <stdexcept>
#include <vector>

#include "arguments.h"
#include "composite.h"
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

Frame background_of(const Napi::Object& background, std::size_t rows, std::size_t cols, const Normalisation& normalisation) {
  const Napi::Env env = background.Env();
  if (background.Has("rgb")) {
    float rgb[3];
    three_numbers(background.Get("rgb"), "background.rgb", rgb);
    std::array<std::uint8_t, 3> samples;
    for (std::size_t c = 0; c < 3; ++c) {
      if (!(rgb[c] >= 0 && rgb[c] <= 255) || rgb[c] != static_cast<float>(static_cast<int>(rgb[c]))) {
        throw Napi::RangeError::New(env, "background.rgb must be three whole numbers from 0 to 255");
      }
      samples[c] = static_cast<std::uint8_t>(rgb[c]);
    }
    return colour_frame(samples, rows, cols, normalisation);
  }
  const Napi::Uint8Array image = uint8_array(property(background, "image"), "background.image");
  check_length(env, image.ElementLength(), product(env, product(env, rows, cols), 3), "background.image",
               "frameRows * frameCols * 3");
  return image_frame(image.Data(), rows, cols, normalisation);
}

Compositor from_patch(const Napi::Object& options) {
  const Napi::Env env = options.Env();
  const Napi::Uint8Array patch = uint8_array(property(options, "patch"), "patch");
  const std::size_t patch_rows = count_argument(property(options, "patchRows"), "patchRows", 1);
  const std::size_t patch_cols = count_argument(property(options, "patchCols"), "patchCols", 1);
  const std::size_t rows = count_argument(property(options, "frameRows"), "frameRows", 1);
  const std::size_t cols = count_argument(property(options, "frameCols"), "frameCols", 1);
  check_length(env, patch.ElementLength(), product(env, product(env, patch_rows, patch_cols), 4), "patch",
               "patchRows * patchCols * 4");
  const Normalisation normalisation = normalisation_of(object_property(options, "normalisation"));
  const Window window = patch_window(patch.Data(), patch_rows, patch_cols, normalisation, blend_of(options));
  return Compositor(window, background_of(object_property(options, "background"), rows, cols, normalisation));
}

std::vector<float> floats(const Napi::Float32Array& array) {
  return std::vector<float>(array.Data(), array.Data() + array.ElementLength());
}

Compositor from_window(const Napi::Object& options) {
  const Napi::Env env = options.Env();
  const std::size_t channels = count_argument(property(options, "channels"), "channels", 1);
  const std::size_t window_rows = count_argument(property(options, "windowRows"), "windowRows", 1);
  const std::size_t window_cols = count_argument(property(options, "windowCols"), "windowCols", 1);
  const std::size_t rows = count_argument(property(options, "frameRows"), "frameRows", 1);
  const std::size_t cols = count_argument(property(options, "frameCols"), "frameCols", 1);
  const Napi::Float32Array values = float32_array(property(options, "window"), "window");
  const Napi::Float32Array background = float32_array(property(options, "background"), "background");
  const std::size_t pixels = product(env, window_rows, window_cols);
  check_length(env, values.ElementLength(), product(env, channels, pixels), "window",
               "channels * windowRows * windowCols");
  if (background.ElementLength() != channels) {
    check_length(env, background.ElementLength(), product(env, channels, product(env, rows, cols)), "background",
                 "channels * frameRows * frameCols, or channels");
  }
  std::vector<float> weight(pixels, 1.0f);
  if (const Napi::Value given = options.Get("weight"); !given.IsUndefined()) {
    const Napi::Float32Array array = float32_array(given, "weight");
    check_length(env, array.ElementLength(), pixels, "weight", "windowRows * windowCols");
    weight = floats(array);
  }
  return Compositor({channels, window_rows, window_cols, floats(values), std::move(weight)},
                    {channels, rows, cols, floats(background)});
}

/// The JavaScript object of one `shiftscope::Compositor`, which jobs in flight share.
class CompositorObject : public Napi::ObjectWrap<CompositorObject> {
 public:
  explicit CompositorObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CompositorObject>(info) {
    if (!info[0].IsObject()) throw Napi::TypeError::New(info.Env(), "the options of a compositor must be an object");
    const Napi::Object options = info[0].As<Napi::Object>();
    try {
      compositor_ = std::make_shared<const Compositor>(options.Has("patch") ? from_patch(options) : from_window(options));
    } catch (const std::invalid_argument& error) {
      throw Napi::RangeError::New(info.Env(), error.what());
    }
  }

  Napi::Value composite(const Napi::CallbackInfo& info) {
    const Napi::Int32Array places = int32_array(info[0], "offsets");
    Napi::Float32Array out = float32_array(info[1], "out");
    if (places.ElementLength() % 2 != 0) {
      throw Napi::RangeError::New(info.Env(), "offsets must hold a row and a col for each image");
    }
    std::vector<Offset> offsets(places.ElementLength() / 2);
    for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] = {places.Data()[2 * i], places.Data()[2 * i + 1]};
    check_length(info.Env(), out.ElementLength(), offsets.size() * compositor_->image_size(), "out",
                 "images * channels * frameRows * frameCols");

    float* data = out.Data();
    return Job<Nothing>::start(
        info.Env(), {out},
        [compositor = compositor_, offsets = std::move(offsets), data] {
          compositor->composite(offsets.data(), offsets.size(), data);
          return Nothing{};
        },
        undefined_value);
  }

 private:
  std::shared_ptr<const Compositor> compositor_;
};

}  // namespace

Napi::Function compositor_class(const Napi::Env& env) {
  return CompositorObject::DefineClass(
      env, "Compositor", {CompositorObject::InstanceMethod<&CompositorObject::composite>("composite")});
}

}  // namespace shiftscope::binding
