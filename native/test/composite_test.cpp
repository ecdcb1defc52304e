#include "composite.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "cache.h"
#include "check.h"

using namespace shiftscope;
using test::Random;
using test::between;

namespace {

std::vector<float> random_floats(Random& random, std::size_t count, float low, float high) {
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

struct Case {
  Patch patch;
  Frame frame;
  std::vector<Offset> offsets;
};

/// A random offset along an axis, with the smaller one of patch and frame inside the larger one.
std::int32_t random_offset(Random& random, std::size_t frame, std::size_t patch) {
  if (frame >= patch) return static_cast<std::int32_t>(between(random, 0, frame - patch));
  return -static_cast<std::int32_t>(between(random, 0, patch - frame));
}

Case random_case(Random& random, std::size_t channels, std::size_t rows, std::size_t cols, std::size_t patch_rows,
                 std::size_t patch_cols, std::size_t count, bool constant) {
  const std::size_t pixels = patch_rows * patch_cols;
  Case made{{channels, patch_rows, patch_cols, random_floats(random, channels * pixels, -3, 3),
             random_floats(random, pixels, 0, 1)},
            {channels, rows, cols, random_floats(random, constant ? channels : channels * rows * cols, -3, 3)},
            {}};
  for (float& weight : made.patch.weight) {
    if (between(random, 0, 1)) weight = static_cast<float>(between(random, 0, 1));
  }
  for (std::size_t i = 0; i < count; ++i) {
    made.offsets.push_back({random_offset(random, rows, patch_rows), random_offset(random, cols, patch_cols)});
  }
  return made;
}

constexpr std::size_t kMargin = 32;

std::string describe(const Case& made, const std::string& level, std::size_t wrong) {
  return level + ": " + std::to_string(wrong) + " values differ, frame " + std::to_string(made.frame.rows) + "x" +
         std::to_string(made.frame.cols) + ", patch " + std::to_string(made.patch.rows) + "x" +
         std::to_string(made.patch.cols);
}

void check_buffer(const Case& made, const std::vector<float>& buffer, std::size_t start,
                  const std::vector<float>& expected, float guard, const std::string& level) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < buffer.size(); ++i) {
    const bool inside = i >= start && i < start + expected.size();
    wrong += buffer[i] != (inside ? expected[i - start] : guard);
  }
  CHECK_THAT(wrong == 0, describe(made, level, wrong));
}

/// Compares every instruction set with the reference, to the last bit except for the sign of zero. Also checks that
/// nothing outside the batch is written. misalignment: number of floats between an aligned address and the output.
void check_case(const Case& made, std::size_t misalignment) {
  constexpr float kGuard = 12345.0f;
  const Compositor compositor(made.patch, made.frame);
  const std::size_t size = made.offsets.size() * compositor.image_size();
  std::vector<float> expected(size);
  composite_reference(made.patch, made.frame, made.offsets.data(), made.offsets.size(), expected.data());
  for (InstructionSet level : available_instruction_sets()) {
    std::vector<float> buffer(size + 2 * kMargin, kGuard);
    const std::size_t start = misalignment;
    compositor.composite(made.offsets.data(), made.offsets.size(), buffer.data() + start, level);
    check_buffer(made, buffer, start, expected, kGuard, name_of(level));
  }
}

}  // namespace

TEST(random_shapes_equal_the_reference) {
  Random random(7);
  for (int i = 0; i < 600; ++i) {
    const std::size_t rows = between(random, 1, 40), cols = between(random, 1, 90);
    // Along each axis, the patch is smaller or larger than the frame.
    const std::size_t patch_rows = between(random, 1, 2 * rows), patch_cols = between(random, 1, 2 * cols);
    check_case(random_case(random, between(random, 1, 4), rows, cols, patch_rows, patch_cols, between(random, 0, 3),
                           i % 2 == 0),
               between(random, 0, 31));
  }
}

TEST(edges_of_the_shapes_equal_the_reference) {
  Random random(2);
  for (bool constant : {true, false}) {
    for (std::size_t misalignment = 0; misalignment < 16; ++misalignment) {
      check_case(random_case(random, 3, 1, 1, 1, 1, 2, constant), misalignment);
      check_case(random_case(random, 3, 17, 33, 17, 33, 2, constant), misalignment);
      check_case(random_case(random, 3, 23, 23, 1, 1, 2, constant), misalignment);
      check_case(random_case(random, 2, 5, 64, 5, 1, 2, constant), misalignment);
      check_case(random_case(random, 1, 9, 15, 1, 15, 2, constant), misalignment);
      check_case(random_case(random, 3, 8, 8, 4, 4, 0, constant), misalignment);
    }
  }
}

TEST(a_batch_beyond_the_cache_equals_the_reference) {
  Random random(4);
  const std::size_t image_bytes = std::size_t{3} * 224 * 223 * sizeof(float);
  // On a machine with a larger cache, the test would be too slow.
  if (last_level_cache_bytes() > (std::size_t{256} << 20)) return;
  const std::size_t count = last_level_cache_bytes() / image_bytes + 1;
  check_case(random_case(random, 3, 224, 223, 75, 75, count, true), 4);
  check_case(random_case(random, 3, 224, 223, 75, 75, count, false), 3);
}

TEST(bgr_swaps_the_samples_and_not_the_means) {
  const Normalisation caffe{1, {104, 117, 124}, {1, 1, 1}, true};
  const std::uint8_t rgba[] = {10, 20, 30, 255};
  CHECK((rgba_patch(rgba, 1, 1, caffe, Blend::hard).values == std::vector<float>{30 - 104, 20 - 117, 10 - 124}));
  CHECK((colour_frame({10, 20, 30}, 5, 5, caffe).values == std::vector<float>{30 - 104, 20 - 117, 10 - 124}));
  CHECK((image_frame(rgba, 1, 1, caffe).values == std::vector<float>{30 - 104, 20 - 117, 10 - 124}));
}

TEST(hard_alpha_switches_at_128_and_soft_alpha_is_a_weight) {
  const std::uint8_t rgba[] = {0, 0, 0, 127, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 0, 255};
  CHECK((rgba_patch(rgba, 2, 2, {}, Blend::hard).weight == std::vector<float>{0, 1, 0, 1}));
  CHECK((rgba_patch(rgba, 2, 2, {}, Blend::soft).weight ==
         std::vector<float>{127.0f / 255.0f, 128.0f / 255.0f, 0, 1}));
}

TEST(an_offset_outside_is_an_error_before_anything_is_written) {
  Random random(6);
  const Case made = random_case(random, 3, 20, 30, 5, 6, 0, true);
  const Compositor compositor(made.patch, made.frame);
  std::vector<float> out(2 * compositor.image_size(), 7.0f);
  for (const Offset bad : {Offset{16, 0}, Offset{0, 25}, Offset{-1, 0}, Offset{0, -1},
                           Offset{std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min()}}) {
    const Offset offsets[] = {{15, 24}, bad};
    CHECK(test::throws<std::out_of_range>([&] { compositor.composite(offsets, 2, out.data()); }, "offset 1"));
  }
  for (float value : out) CHECK(value == 7.0f);
}

TEST(an_offset_that_leaves_a_part_of_the_frame_without_a_larger_patch_is_an_error) {
  Random random(9);
  const Case made = random_case(random, 3, 20, 30, 26, 40, 0, false);
  const Compositor compositor(made.patch, made.frame);
  std::vector<float> out(2 * compositor.image_size(), 7.0f);
  for (const Offset bad : {Offset{1, 0}, Offset{0, 1}, Offset{-7, 0}, Offset{0, -11}}) {
    const Offset offsets[] = {{-6, -10}, bad};
    CHECK(test::throws<std::out_of_range>([&] { compositor.composite(offsets, 2, out.data()); }, "offset 1"));
  }
  for (float value : out) CHECK(value == 7.0f);
}

TEST(a_divisor_of_zero_is_an_error) {
  CHECK(test::throws<std::out_of_range>([] { colour_frame({1, 2, 3}, 4, 4, {0, {}, {1, 1, 1}, false}); }, "divisor"));
}
