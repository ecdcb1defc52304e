#include "resize.h"

#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "jobs.h"

namespace shiftscope::binding {
namespace {

/// Taps of one axis, copied, so that a script cannot change them after the checks.
struct OwnTaps {
  std::vector<std::int32_t> first, weights;
  std::size_t width;
  Taps taps() const { return {first.size(), width, first.data(), weights.data()}; }
};

/// Copies the taps. Throws if one of them is outside the axis, which has `side` pixels, or if `first` decreases.
OwnTaps taps_of(const Napi::Value& first_value, const Napi::Value& weights_value, std::size_t side) {
  const Napi::Env env = first_value.Env();
  const auto first = int32_array(first_value, "first"), weights = int32_array(weights_value, "weights");
  const std::size_t count = first.ElementLength(), width = count == 0 ? 0 : weights.ElementLength() / count;
  if (width * count != weights.ElementLength()) throw Napi::RangeError::New(env, "weights must be [count, width]");
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t at = first.Data()[i];
    if (at < (i == 0 ? 0 : first.Data()[i - 1]) || at + static_cast<std::int64_t>(width) > static_cast<std::int64_t>(side)) {
      throw Napi::RangeError::New(env, "tap " + std::to_string(i) + " is outside the picture or out of order");
    }
  }
  return {{first.Data(), first.Data() + count}, {weights.Data(), weights.Data() + weights.ElementLength()}, width};
}

}  // namespace

Napi::Value resize_on_white(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::size_t rows = count_argument(info[1], "rows", 1), cols = count_argument(info[2], "cols", 1);
  const std::size_t pixels = product(env, rows, cols);
  const std::size_t channels = count_argument(info[8], "channels", 3);
  if (channels > 4) throw Napi::RangeError::New(env, "channels must be 3 or 4");
  const auto source = uint8_array(info[0], "pixels", product(env, pixels, channels), "rows * cols * channels");
  const std::string name = "a resized picture";
  const auto taps = [&](std::size_t at, std::size_t side) {
    return translated(env, name, [&] { return std::make_shared<const OwnTaps>(taps_of(info[at], info[at + 1], side)); });
  };
  const auto of_rows = taps(3, rows), of_cols = taps(5, cols);
  const std::size_t size = product(env, of_rows->first.size(), of_cols->first.size());
  auto out = uint8_array(info[7], "out", product(env, size, 4), "targets of rows * targets of cols * 4");
  return start_job(env, {name, {source, out}, [=, source = source.Data(), out = out.Data()] {
                           shiftscope::resize_on_white(source, cols, channels, of_rows->taps(), of_cols->taps(), out);
                           return to_undefined;
                         }});
}

}  // namespace shiftscope::binding
