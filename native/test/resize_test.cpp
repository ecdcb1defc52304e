#include "resize.h"

#include <string>
#include <vector>

#include "check.h"

using namespace shiftscope;
using test::Random;
using test::between;

namespace {

struct RandomTaps {
  std::vector<std::int32_t> first, weights;
  std::size_t width;

  RandomTaps(Random& random, std::size_t source, std::size_t targets) : first(targets), width(between(random, 1, source)) {
    for (std::size_t i = 0; i < targets; ++i) first[i] = static_cast<std::int32_t>(i * (source - width) / targets);
    for (std::size_t i = 0; i < targets; ++i) {
      // Random positive weights with the sum 1.
      std::size_t left = std::size_t{1} << kWeightBits;
      for (std::size_t tap = 0; tap < width; ++tap) {
        const std::size_t weight = tap + 1 < width ? between(random, 0, left) : left;
        weights.push_back(static_cast<std::int32_t>(weight));
        left -= weight;
      }
    }
  }
  Taps taps() const { return {first.size(), width, first.data(), weights.data()}; }
};

}  // namespace

TEST(resized_pictures_equal_the_reference) {
  Random random(31);
  for (std::size_t i = 0; i < test::cases(100); ++i) {
    const std::size_t rows = between(random, 1, 30), cols = between(random, 1, 30);
    const RandomTaps of_rows(random, rows, between(random, 0, 40)), of_cols(random, cols, between(random, 0, 40));
    const std::size_t channels = i % 3 == 0 ? 3 : 4;
    std::vector<std::uint8_t> pixels(channels * rows * cols);
    for (std::size_t at = 0; at < pixels.size(); ++at) {
      const bool is_opaque = at % 4 == 3 && i % 2 == 0;
      pixels[at] = static_cast<std::uint8_t>(is_opaque ? 255 : between(random, 0, 255));
    }
    const std::size_t size = 4 * of_rows.first.size() * of_cols.first.size();
    std::vector<std::uint8_t> expected(size);
    resize_reference(pixels.data(), cols, channels, of_rows.taps(), of_cols.taps(), expected.data());
    for (InstructionSet level : available_instruction_sets()) {
      std::vector<std::uint8_t> out(size);
      resize_on_white(pixels.data(), cols, channels, of_rows.taps(), of_cols.taps(), out.data(), level);
      CHECK_THAT(out == expected, std::string(name_of(level)) + ": other pixels than the reference's");
    }
  }
}
