#include "cosine.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "backend.h"
#include "check.h"

using namespace shiftscope;
using test::Random;
using test::between;
using Reason = CosineFault::Reason;

namespace {

std::vector<float> normal_floats(Random& random, std::size_t count, float scale) {
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random) * scale;
  return values;
}

bool same(const CosineFault& a, const CosineFault& b) {
  return a.reason == b.reason && a.in_anchors == b.in_anchors && a.index == b.index;
}

/// Distance between neighbouring float32 values just above 1.
constexpr double kRounding = 1.2e-7;

/// Largest absolute difference between values and expected values; at least 1 if a value is NaN.
double worst_difference(const std::vector<float>& values, const std::vector<float>& expected) {
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    worst = std::fmax(worst, std::fabs(static_cast<double>(values[i]) - expected[i]));
    if (std::isnan(values[i])) worst = 1;
  }
  return worst;
}

/// Compares every backend with the reference. Instruction sets and numbers of threads must agree to the last bit.
/// emulated: whether to include the emulated device, which is slow.
void check_case(const float* features, std::size_t rows, std::size_t dims, const float* anchors, std::size_t count,
                bool emulated = true) {
  std::vector<float> expected(count * rows), first;
  const CosineFault fault = cosine_reference(features, rows, dims, anchors, count, expected.data());
  for (InstructionSet level : available_instruction_sets()) {
    for (std::size_t threads : {1, 3}) {
      std::vector<float> out(count * rows, 9.0f);
      const CosineFault found = cosine_similarity(features, rows, dims, anchors, count, threads, out.data(), level);
      const std::string where = std::string(name_of(level)) + ", " + std::to_string(rows) + "x" + std::to_string(dims) +
                                ", " + std::to_string(count) + " anchors, " + std::to_string(threads) + " threads";
      CHECK_THAT(same(found, fault), where + ": another fault than the reference's");
      if (fault.reason != Reason::none) continue;
      const double worst = worst_difference(out, expected);
      CHECK_THAT(worst <= kRounding, where + ": off by " + std::to_string(worst));
      if (first.empty()) first = out;
      CHECK_THAT(out.empty() || std::memcmp(out.data(), first.data(), out.size() * sizeof(float)) == 0,
                 where + ": not the same bits");
    }
  }
  for (const test::Backend& backend : test::device_backends()) {
    if (backend.emulated && !emulated) continue;
    std::vector<float> out(count * rows, 9.0f);
    const CosineFault found = backend.cosine_similarity(features, rows, dims, anchors, count, out.data());
    const std::string where = backend.name + ", " + std::to_string(rows) + "x" + std::to_string(dims) + ", " +
                              std::to_string(count) + " anchors";
    CHECK_THAT(same(found, fault), where + ": another fault than the reference's");
    if (fault.reason == Reason::none) {
      const double worst = worst_difference(out, expected);
      CHECK_THAT(worst <= kRounding, where + ": off by " + std::to_string(worst));
    }
  }
}

}  // namespace

TEST(random_matrices_are_within_a_rounding_of_the_reference) {
  Random random(11);
  for (std::size_t i = 0; i < test::cases(200); ++i) {
    const std::size_t rows = between(random, 0, 150), dims = between(random, 1, 70), count = between(random, 0, 9);
    const std::size_t misalignment = between(random, 0, 15);
    const auto features = normal_floats(random, rows * dims + misalignment, 1);
    const auto anchors = normal_floats(random, count * dims + misalignment, 2);
    check_case(features.data() + misalignment, rows, dims, anchors.data() + misalignment, count, i % 10 == 0);
  }
}

TEST(the_papers_shapes_are_within_a_rounding_of_the_reference) {
  Random random(12);
  for (std::size_t dims : {1000, 4096}) {
    const auto features = normal_floats(random, 203 * dims, 1);
    check_case(features.data(), 203, dims, features.data() + 17 * dims, 5);
  }
}

TEST(more_dims_than_a_panel_rows_than_a_piece_and_anchors_than_a_tile) {
  Random random(16);
  constexpr std::size_t rows = 300, dims = 1043;
  const auto features = normal_floats(random, rows * dims, 1);
  check_case(features.data(), rows, dims, features.data() + 29 * dims, 13, false);
}

TEST(a_vectors_cosine_with_itself_is_one) {
  Random random(13);
  const auto features = normal_floats(random, 50 * 333, 1);
  for (std::size_t row = 0; row < 50; ++row) {
    std::vector<float> out(50);
    CHECK(cosine_similarity(features.data(), 50, 333, features.data() + row * 333, 1, 1, out.data()).reason == Reason::none);
    CHECK(out[row] == 1.0f);
    for (const test::Backend& backend : test::device_backends()) {
      if (backend.emulated && row % 10 > 0) continue;
      CHECK(backend.cosine_similarity(features.data(), 50, 333, features.data() + row * 333, 1, out.data()).reason ==
            Reason::none);
      CHECK(out[row] == 1.0f);
    }
  }
}

TEST(extreme_values_neither_overflow_nor_vanish) {
  Random random(14);
  constexpr std::size_t dims = 37;
  for (float scale : {1e30f, 1e-30f, 1e38f, 1e-42f}) {
    const auto features = normal_floats(random, 9 * dims, 1);
    std::vector<float> scaled;
    for (float value : features) scaled.push_back(std::fmin(std::fmax(value, -3.0f), 3.0f) * scale);
    check_case(scaled.data(), 9, dims, features.data(), 3);
    check_case(features.data(), 9, dims, scaled.data(), 3);
    check_case(scaled.data(), 9, dims, scaled.data(), 9);
  }
  const std::vector<float> largest(4096, std::numeric_limits<float>::max());
  const std::vector<float> smallest(4096, std::numeric_limits<float>::denorm_min());
  check_case(largest.data(), 1, 4096, smallest.data(), 1);
}

TEST(vectors_without_a_direction_are_reported_with_their_index) {
  Random random(15);
  constexpr std::size_t dims = 21, rows = 200;
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t row : {0, 1, 63, 64, 130, 199}) {
    for (Reason reason : {Reason::zero, Reason::not_a_number, Reason::infinite}) {
      auto features = normal_floats(random, rows * dims, 1);
      const auto anchors = normal_floats(random, 2 * dims, 1);
      for (std::size_t later : {row, rows - 1}) {
        float* vector = features.data() + later * dims;
        if (reason == Reason::zero) std::memset(vector, 0, dims * sizeof(float));
        if (reason == Reason::not_a_number) vector[dims - 1] = nan;
        if (reason == Reason::infinite) vector[3] = -infinity;
      }
      std::vector<float> out(2 * rows);
      for (std::size_t threads : {1, 4}) {
        const auto fault = cosine_similarity(features.data(), rows, dims, anchors.data(), 2, threads, out.data());
        CHECK(same(fault, {reason, false, row}));
      }
      for (const test::Backend& backend : test::device_backends()) {
        if (backend.emulated && row != 64) continue;
        const auto fault = backend.cosine_similarity(features.data(), rows, dims, anchors.data(), 2, out.data());
        CHECK_THAT(same(fault, {reason, false, row}), backend.name);
      }
      check_case(anchors.data(), 2, dims, features.data(), rows, row == 64);
    }
  }
}
