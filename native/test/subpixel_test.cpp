#include "subpixel.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "check.h"

using namespace shiftscope;
using test::Random;
using test::between;

namespace {

std::vector<float> random_picture(Random& random, std::size_t count) {
  std::uniform_real_distribution<float> uniform(0, 255);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

/// Compares every instruction set with the reference. Values are from 0 to 255, so the tolerance is a millionth of that.
void check_case(Random& random, std::size_t channels, std::size_t rows, std::size_t cols,
                const std::vector<Movement>& movements) {
  constexpr float kGuard = 12345.0f;
  const auto picture = random_picture(random, channels * rows * cols);
  const std::size_t size = movements.size() * picture.size(), start = between(random, 0, 15);
  std::vector<float> expected(size);
  move_picture_reference(picture.data(), channels, rows, cols, movements.data(), movements.size(), expected.data());
  for (InstructionSet level : available_instruction_sets()) {
    std::vector<float> out(size + 32, kGuard);
    move_picture(picture.data(), channels, rows, cols, movements.data(), movements.size(), out.data() + start, level);
    double worst = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const bool inside = i >= start && i < start + size;
      worst = std::fmax(worst, std::fabs(out[i] - (inside ? expected[i - start] : kGuard)));
      if (std::isnan(out[i])) worst = 1;
    }
    CHECK_THAT(worst <= 2.5e-4, std::string(name_of(level)) + ": off by " + std::to_string(worst) + ", picture " +
                                    std::to_string(rows) + "x" + std::to_string(cols));
  }
}

}  // namespace

TEST(movements_of_pictures_of_any_shape_equal_the_reference) {
  Random random(11);
  std::uniform_real_distribution<double> shift(-3, 3), step(-0.01, 0.01);
  for (std::size_t i = 0; i < test::cases(60); ++i) {
    std::vector<Movement> movements(between(random, 0, 4));
    for (Movement& by : movements) {
      // Every number is 0 in a third of the cases. In every third picture, shifts are by whole pixels.
      for (double* shifted : {&by.rows, &by.cols}) {
        *shifted = between(random, 0, 2) == 0 ? 0 : shift(random);
        if (i % 3 == 0) *shifted = std::round(*shifted);
      }
      for (double* stepped : {&by.row_step, &by.col_step}) *stepped = between(random, 0, 2) == 0 ? 0 : step(random);
      if (&by != movements.data() && between(random, 0, 1)) by.rows = (&by - 1)->rows;
    }
    check_case(random, between(random, 1, 3), between(random, 2, 41), between(random, 2, 41), movements);
  }
}

TEST(movements_of_a_large_picture_equal_the_reference) {
  Random random(12);
  check_case(random, 1, 112, 75, {{0.25, 0.75, 0, 0}, {0.25, 0.5, 0.003, 0}});
}

TEST(without_a_movement_the_picture_keeps_its_bits) {
  Random random(14);
  const auto picture = random_picture(random, 3 * 17 * 16);
  std::vector<float> out(picture.size());
  const Movement none{};
  move_picture(picture.data(), 3, 17, 16, &none, 1, out.data());
  CHECK(out == picture);
}
