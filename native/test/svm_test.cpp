#include "svm.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "backend.h"
#include "check.h"

using namespace shiftscope;
using test::Random;
using test::between;

namespace {

struct Case {
  std::size_t rows = 0, dims = 0, problems = 0;
  std::vector<float> features;
  std::vector<std::int8_t> labels;
};

struct Outcome {
  SvmResult result;
  std::vector<double> decisions, weights;
};

/// Samples around two centres that are `distance` apart. The label of a sample says which centre it belongs to; every
/// other problem swaps the labels. Each problem leaves some samples out of its training set.
Case random_case(Random& random, std::size_t rows, std::size_t dims, std::size_t problems, float distance, float scale) {
  std::normal_distribution<float> normal;
  Case made{rows, dims, problems, std::vector<float>(rows * dims), std::vector<std::int8_t>(problems * rows)};
  std::vector<float> direction(dims);
  for (float& x : direction) x = normal(random);
  for (std::size_t row = 0; row < rows; ++row) {
    const bool positive = row % 2 == 0;
    for (std::size_t d = 0; d < dims; ++d) {
      made.features[row * dims + d] = scale * (normal(random) + 1 + (positive ? distance : 0) * direction[d]);
    }
    for (std::size_t p = 0; p < problems; ++p) {
      const bool out = row >= 4 && between(random, 0, 4) == 0;
      made.labels[p * rows + row] = out ? 0 : (positive != (p % 2 == 1) ? 1 : -1);
    }
  }
  return made;
}

/// Trains on a case. more: further arguments for `train`.
template <class Train, class... More>
Outcome outcome_of(const Train& train, const Case& given, const SvmOptions& options, const More&... more) {
  Outcome outcome{{}, std::vector<double>(given.problems * given.rows), std::vector<double>(given.problems * given.dims)};
  outcome.result = train(given.features.data(), given.rows, given.dims, given.labels.data(), given.problems, options,
                         outcome.decisions.data(), outcome.weights.data(), more...);
  return outcome;
}

Outcome train(const Case& given, const SvmOptions& options, InstructionSet level = instruction_set()) {
  const auto on_level = [](auto... arguments) { return train_svm(arguments...); };
  return outcome_of(on_level, given, options, level);
}

Outcome train(const Case& given, const SvmOptions& options, const test::Backend& backend) {
  const auto on_device = [&](const float* features, std::size_t rows, std::size_t dims, auto... more) {
    SvmResult result;
    backend.with_svm_features(features, rows, dims, [&](const SvmFeatures& sent) { result = train_svm(sent, more...); });
    return result;
  };
  return outcome_of(on_device, given, options);
}

Outcome reference(const Case& given, const SvmOptions& options) { return outcome_of(svm_reference, given, options); }

double objective(const Case& given, std::size_t p, const double* w, double b, const SvmOptions& options) {
  double sum = 0;
  for (std::size_t d = 0; d < given.dims; ++d) sum += w[d] * w[d] / 2;
  for (std::size_t row = 0; row < given.rows; ++row) {
    const double label = given.labels[p * given.rows + row];
    double decision = b;
    for (std::size_t d = 0; d < given.dims; ++d) decision += w[d] * given.features[row * given.dims + d];
    sum += options.C * std::max(0.0, std::fabs(label) - label * decision);
  }
  return sum;
}

/// Largest error that a float64 sum may have, divided by the sum of the absolute values of its terms.
constexpr double kAccuracy = 1e-13;

struct DecisionError {
  double share = 0;    ///< largest error, divided by the sum of the terms' absolute values
  double largest = 0;  ///< largest sum of the terms' absolute values
};

/// Largest error of the decision values <w, x> + b.
DecisionError decision_error(const Case& given, const double* w, double b, const double* decisions) {
  DecisionError error;
  for (std::size_t row = 0; row < given.rows; ++row) {
    double sum = b, terms = std::fabs(b);
    for (std::size_t d = 0; d < given.dims; ++d) {
      const double term = w[d] * given.features[row * given.dims + d];
      sum += term;
      terms += std::fabs(term);
    }
    error.share = std::max(error.share, std::fabs(sum - decisions[row]) / terms);
    error.largest = std::max(error.largest, terms);
  }
  return error;
}

std::string describe(const Case& given, const SvmOptions& options, const std::string& backend) {
  return backend + " " + std::to_string(given.rows) + "x" + std::to_string(given.dims) + " C " + std::to_string(options.C);
}

/// Checks that the outcome is as good as the reference, and that objective, gap and decision values agree with (w, b).
void check_outcome(const Case& given, const SvmOptions& options, const Outcome& expected, const Outcome& found,
                   const std::string& where) {
  for (std::size_t p = 0; p < given.problems; ++p) {
    const SvmSolution& best = expected.result.solutions[p];
    const SvmSolution& solution = found.result.solutions[p];
    CHECK_THAT(solution.converged, where + ": has not converged, gap " + std::to_string(solution.primal - solution.dual));
    CHECK_THAT(solution.primal >= solution.dual - 1e-9 * solution.primal, where + ": a negative gap");
    const double error = 1e-6 * best.primal;
    CHECK_THAT(solution.primal <= best.primal * (1 + options.tolerance) + error, where + ": a worse optimum");
    CHECK_THAT(solution.dual <= best.primal + error, where + ": a dual value beyond the optimum");
    const double* w = found.weights.data() + p * given.dims;
    const double value = objective(given, p, w, solution.intercept, options);
    const DecisionError decision = decision_error(given, w, solution.intercept, found.decisions.data() + p * given.rows);
    CHECK_THAT(decision.share <= kAccuracy, where + ": decision values off by " + std::to_string(decision.share));
    const double slack = options.C * static_cast<double>(given.rows) * kAccuracy * decision.largest;
    CHECK_THAT(std::fabs(value - solution.primal) <= 1e-7 * value + slack, where + ": not the objective of its weights");
  }
}

/// Compares every backend with the reference. emulated: whether to include the emulated device, which is slow.
void check_against_reference(const Case& given, const SvmOptions& options, bool emulated = false) {
  const Outcome expected = reference(given, options);
  for (InstructionSet level : available_instruction_sets()) {
    check_outcome(given, options, expected, train(given, options, level), describe(given, options, name_of(level)));
  }
  for (const test::Backend& backend : test::device_backends()) {
    if (backend.emulated && !emulated) continue;
    check_outcome(given, options, expected, train(given, options, backend), describe(given, options, backend.name));
  }
}

SvmOptions options_of(double C) {
  SvmOptions options;
  options.C = C;
  options.threads = 2;
  return options;
}

}  // namespace

TEST(svm_random_problems_reach_the_references_optimum) {
  Random random(31);
  for (std::size_t i = 0; i < test::cases(12); ++i) {
    const std::size_t rows = between(random, 8, 100), dims = between(random, 1, 40);
    const Case given = random_case(random, rows, dims, between(random, 1, 7), i % 3 == 0 ? 0.0f : 1.0f, 1);
    for (double C : {0.01, 1.0}) check_against_reference(given, options_of(C), i % 4 == 0);
  }
}

TEST(svm_more_support_vectors_than_first_samples_and_dims) {
  Random random(32);
  const Case given = random_case(random, 900, 3, 2, 0.3f, 1);
  check_against_reference(given, options_of(0.1));
}

TEST(svm_scaled_features) {
  Random random(33);
  for (float scale : {1e-3f, 1e3f}) {
    const Case given = random_case(random, 30 + test::cases(90), 60, 3, 1.0f, scale);
    check_against_reference(given, options_of(1), true);
  }
}

TEST(svm_repeated_rows) {
  Random random(34);
  const Case once = random_case(random, 40, 12, 2, 0.5f, 1);
  Case given{once.rows * 5, once.dims, once.problems, {}, {}};
  for (int i = 0; i < 5; ++i) given.features.insert(given.features.end(), once.features.begin(), once.features.end());
  for (std::size_t p = 0; p < once.problems; ++p) {
    for (int i = 0; i < 5; ++i) {
      const auto* labels = once.labels.data() + p * once.rows;
      given.labels.insert(given.labels.end(), labels, labels + once.rows);
    }
  }
  check_against_reference(given, options_of(1));
}

TEST(svm_equal_rows_have_no_weights) {
  Case given{30, 4, 1, std::vector<float>(120, 2.5f), std::vector<std::int8_t>(30)};
  for (std::size_t row = 0; row < 30; ++row) given.labels[row] = row % 3 == 0 ? 1 : -1;
  const Outcome outcome = train(given, options_of(1));
  CHECK(outcome.result.solutions[0].converged);
  CHECK(std::fabs(outcome.result.solutions[0].primal - 20) < 1e-6);
}

TEST(svm_many_support_vectors_whatever_the_memory) {
  Random random(35);
  for (std::size_t dims : {8, 300}) {
    const Case given = random_case(random, test::cases(3000), dims, 2, 0.1f, 1);
    SvmOptions options = options_of(0.05);
    const Outcome whole = train(given, options);
    options.gram_bytes = 1;
    const Outcome small = train(given, options);
    for (std::size_t p = 0; p < 2; ++p) {
      const SvmSolution &a = whole.result.solutions[p], &b = small.result.solutions[p];
      const std::string where = describe(given, options, "") + " " + std::to_string(p);
      CHECK_THAT(a.converged && b.converged, where + ": has not converged");
      CHECK_THAT(std::fabs(a.primal - b.primal) <= options.tolerance * a.primal, where + ": other optima");
      const double* w = small.weights.data() + p * dims;
      CHECK_THAT(std::fabs(objective(given, p, w, b.intercept, options) - b.primal) <= 1e-7 * b.primal,
                 where + ": not the objective of its weights");
    }
  }
}

/// Samples on a grid have zero features, except in a rectangle, where all have equal features. Then most samples are
/// exactly at their margins, and the optimum needs their multipliers.
TEST(svm_equal_features_but_for_a_rectangle) {
  constexpr std::size_t rows = 36, cols = 35, dims = 16;
  Case given{rows * cols, dims, 2, std::vector<float>(rows * cols * dims), std::vector<std::int8_t>(2 * rows * cols)};
  const std::size_t rectangles[][4] = {{10, 35, 0, 24}, {5, 30, 5, 20}, {0, 9, 3, 33}};
  for (std::size_t r = 0; r < test::cases(3); ++r) {
    const auto& [top, bottom, left, right] = rectangles[r];
    for (std::size_t i = 0; i < rows * cols; ++i) {
      const std::size_t row = i / cols, col = i % cols;
      const bool inside = row >= top && row < bottom && col >= left && col < right;
      for (std::size_t d = 0; d < dims; ++d) given.features[i * dims + d] = inside ? 0.1f + 0.06f * static_cast<float>(d) : 0;
      for (std::size_t p = 0; p < 2; ++p) {
        const bool first = p == 0 ? col < cols / 2 : row < rows / 2, tested = i * 5 / (rows * cols) == 2;
        given.labels[p * rows * cols + i] = tested ? 0 : (first ? -1 : 1);
      }
    }
    check_against_reference(given, options_of(1));
  }
}

/// For separable classes, the objective is smaller than the rounding errors of the slacks. For overlapping classes,
/// rounding errors can make Newton steps useless.
TEST(svm_columns_of_very_different_scales) {
  Random random(44);
  for (float distance : {1.0f, 0.0f}) {
    Case given = random_case(random, 1500, 50, 2, distance, 1);
    for (std::size_t i = 0; i < given.features.size(); ++i) {
      given.features[i] *= std::pow(10.0f, static_cast<float>(i % 50) * 12 / 49 - 6);
    }
    const Outcome outcome = train(given, options_of(1));
    for (const SvmSolution& solution : outcome.result.solutions) {
      CHECK_THAT(solution.converged, "gap " + std::to_string(solution.primal - solution.dual));
    }
    CHECK_THAT(outcome.result.passes < 100, std::to_string(outcome.result.passes) + " passes");
  }
}

/// Together, the first working sets have more samples than the Gram matrix has slots.
TEST(svm_many_problems_without_a_training_sample_in_common) {
  Random random(45);
  constexpr std::size_t problems = 130, each = 40;
  const Case whole = random_case(random, problems * each, 3, 1, 0.5f, 1);
  Case given{whole.rows, 3, problems, whole.features, std::vector<std::int8_t>(problems * whole.rows)};
  for (std::size_t i = 0; i < whole.rows; ++i) given.labels[i / each * whole.rows + i] = i % 2 == 0 ? 1 : -1;
  SvmOptions options = options_of(1);
  options.gram_bytes = 1;
  const Outcome outcome = train(given, options);
  for (const SvmSolution& solution : outcome.result.solutions) CHECK(solution.converged);
}

/// The features hardly differ, so nearly all multipliers are at C.
TEST(svm_most_multipliers_at_their_bound) {
  Random random(40);
  Case given = random_case(random, 6000, 40, 3, 1.0f, 1e-3f);
  for (float& x : given.features) x += 1;
  const SvmOptions options = options_of(1);
  const Outcome outcome = train(given, options);
  for (std::size_t p = 0; p < 3; ++p) {
    const SvmSolution& solution = outcome.result.solutions[p];
    CHECK_THAT(solution.converged, "gap " + std::to_string(solution.primal - solution.dual));
    CHECK(solution.bounded > 2000);
    const double value = objective(given, p, outcome.weights.data() + p * 40, solution.intercept, options);
    CHECK(std::fabs(value - solution.primal) <= 1e-7 * value);
  }
}

/// Covers Newton's method, and more problems than a device handles in one pass.
TEST(svm_devices_reach_the_processors_optimum) {
  Random random(42);
  for (const test::Backend& backend : test::device_backends()) {
    for (std::size_t dims : {9, 130}) {
      const Case given = random_case(random, backend.emulated ? 120 : 4000, dims, dims == 9 ? 13 : 2, 0.02f, 1);
      SvmOptions options = options_of(0.5);
      options.pass_limit = 60;
      check_outcome(given, options, train(given, options), train(given, options, backend),
                    describe(given, options, backend.name));
    }
  }
}

/// A sample is a position on a grid, and its features depend on that position, like those of a network. Once the
/// working set has all support vectors, the training must end and not waste passes on rounding errors.
TEST(svm_separable_grids_take_few_passes) {
  Random random(43);
  std::normal_distribution<float> normal;
  constexpr std::size_t side = 30, rows = side * side, dims = 200;
  Case given{rows, dims, 10, std::vector<float>(rows * dims), std::vector<std::int8_t>(10 * rows)};
  std::vector<float> along(dims), across(dims), common(dims);
  for (std::size_t d = 0; d < dims; ++d) along[d] = normal(random), across[d] = normal(random), common[d] = normal(random);
  for (std::size_t row = 0; row < rows; ++row) {
    const float y = static_cast<float>(row / side) / side - 0.5f, x = static_cast<float>(row % side) / side - 0.5f;
    for (std::size_t d = 0; d < dims; ++d) {
      given.features[row * dims + d] = along[d] * y + across[d] * x + common[d] + 0.05f * normal(random);
    }
    for (std::size_t p = 0; p < 10; ++p) {
      const bool first = (p < 5 ? row / side : row % side) < side / 2;
      given.labels[p * rows + row] = row * 5 / rows == p % 5 ? 0 : (first ? 1 : -1);
    }
  }
  for (InstructionSet level : available_instruction_sets()) {
    const SvmOptions options = options_of(1);
    const Outcome outcome = train(given, options, level);
    for (const SvmSolution& solution : outcome.result.solutions) CHECK(solution.converged);
    CHECK_THAT(outcome.result.passes <= 12, describe(given, options, name_of(level)) + ": " +
                                                std::to_string(outcome.result.passes) + " passes");
  }
}

TEST(svm_noise_in_as_many_samples_as_dims) {
  Random random(41);
  const Case given = random_case(random, 400, 130, 1, 0, 1);
  check_against_reference(given, options_of(1), true);
}

TEST(svm_the_bits_do_not_depend_on_the_threads) {
  Random random(36);
  for (float distance : {0.5f, 0.0f}) {
    const Case given = random_case(random, 1400, 50, 5, distance, 1);
    SvmOptions options = options_of(1);
    options.threads = 1;
    const Outcome one = train(given, options);
    for (std::size_t threads : {2, 5, 12}) {
      options.threads = threads;
      const Outcome many = train(given, options);
      CHECK(many.decisions == one.decisions);
      CHECK(many.weights == one.weights);
    }
  }
}

TEST(svm_the_first_row_that_is_not_finite_is_reported) {
  Random random(37);
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (std::size_t row : {0, 1, 155, 299}) {
      Case given = random_case(random, 300, 7, 2, 1.0f, 1);
      given.features[row * 7 + 6] = given.features[299 * 7] = bad;
      const Outcome outcome = train(given, options_of(1));
      CHECK(outcome.result.fault.has_value() && *outcome.result.fault == row);
      for (const test::Backend& backend : test::device_backends()) {
        if (backend.emulated && row != 155) continue;
        const Outcome on_device = train(given, options_of(1), backend);
        CHECK_THAT(on_device.result.fault.has_value() && *on_device.result.fault == row, backend.name);
      }
    }
  }
}

TEST(svm_a_limit_of_passes_is_reported_with_the_gap) {
  Random random(38);
  const Case given = random_case(random, 2000, 30, 1, 0.2f, 1);
  SvmOptions options = options_of(1);
  options.pass_limit = 1;
  const Outcome outcome = train(given, options);
  CHECK(!outcome.result.solutions[0].converged);
  CHECK(outcome.result.solutions[0].primal > outcome.result.solutions[0].dual);
}

TEST(svm_stops_when_asked) {
  /// Sets `stop` at the start of pass number `passes`.
  struct StoppingFeatures : HostFeatures {
    StoppingFeatures(const Case& given, std::atomic<std::int32_t>& stop, int passes)
        : HostFeatures(given.features.data(), given.rows, given.dims, svm_kernels(instruction_set())),
          stop_(stop),
          passes_left_(passes) {}
    void products(const double* vectors, std::size_t count, std::size_t stride, std::size_t threads,
                  double* const* out) const override {
      if (--passes_left_ == 0) stop_ = 1;
      HostFeatures::products(vectors, count, stride, threads, out);
    }
    std::atomic<std::int32_t>& stop_;
    mutable int passes_left_;
  };
  Random random(40);
  const Case noise = random_case(random, 4000, 300, 4, 0, 1);
  std::vector<double> decisions(noise.problems * noise.rows);
  for (int passes : {0, 1, 3}) {
    std::atomic<std::int32_t> stop{passes == 0};
    const StoppingFeatures features(noise, stop, passes);
    SvmOptions options = options_of(1);
    options.stop = &stop;
    const auto training = [&] { train_svm(features, noise.labels.data(), noise.problems, options, decisions.data()); };
    CHECK(test::throws<SvmStopped>(training, "stopped"));
  }
}

TEST(svm_bad_labels_are_errors) {
  Random random(39);
  Case wrong = random_case(random, 10, 2, 1, 1.0f, 1);
  const auto fails = [&](const char* part) {
    return test::throws<std::invalid_argument>([&] { train(wrong, options_of(1)); }, part);
  };
  wrong.labels[3] = 2;
  CHECK(fails("labels"));
  std::fill(wrong.labels.begin(), wrong.labels.end(), std::int8_t{1});
  CHECK(fails("problem 0"));
}
