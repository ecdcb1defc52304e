#include "argmax.h"

#include <limits>
#include <vector>

#include "check.h"

using namespace shiftscope;
using test::Random;
using test::between;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::int32_t expected_argmax(const float* row, std::size_t dims) {
  std::int32_t winner = 0;
  float most = -kInfinity;
  for (std::size_t i = 0; i < dims; ++i) {
    if (!(row[i] > most)) continue;
    most = row[i];
    winner = static_cast<std::int32_t>(i);
  }
  return winner;
}

std::vector<std::int32_t> argmax_of(const float* features, std::size_t rows, std::size_t dims, std::size_t threads = 1) {
  std::vector<std::int32_t> out(rows, -1);
  argmax(features, rows, dims, threads, out.data());
  return out;
}

}  // namespace

TEST(argmax_is_the_first_largest_value_of_random_rows) {
  Random random(21);
  constexpr float kValues[] = {-kInfinity, -3, -0.0f, 0, 2, 2.5f, kInfinity, kNaN};
  for (int i = 0; i < 400; ++i) {
    // There are only a few different values, so that rows often have several equal maxima.
    const std::size_t rows = between(random, 0, 150), dims = between(random, 1, 100), kinds = between(random, 1, 8);
    const std::size_t misalignment = between(random, 0, 15);
    std::vector<float> features(misalignment + rows * dims);
    for (float& value : features) value = kValues[between(random, 0, kinds - 1)];
    const float* data = features.data() + misalignment;
    for (std::size_t threads : {1, 3}) {
      const std::vector<std::int32_t> found = argmax_of(data, rows, dims, threads);
      for (std::size_t row = 0; row < rows; ++row) CHECK(found[row] == expected_argmax(data + row * dims, dims));
    }
  }
}

TEST(argmax_of_rows_without_a_number_is_zero) {
  for (std::size_t dims : {1, 32, 33}) {
    CHECK(argmax_of(std::vector<float>(dims, kNaN).data(), 1, dims).front() == 0);
    CHECK(argmax_of(std::vector<float>(dims, -kInfinity).data(), 1, dims).front() == 0);
  }
}
