#include "svm_hinge.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "check.h"
#include "svm_features.h"

using namespace shiftscope;

TEST(hinge_best_intercept_is_the_middle_of_the_minimisers) {
  const auto of = [](std::vector<double> residuals, std::size_t positives) { return best_intercept(residuals, positives); };
  CHECK(of({5, 1, 2, 4}, 2) == 3);
  CHECK(of({5, 1, 2, 4}, 1) == 1.5);
  CHECK(of({5, 1, 2, 4}, 0) == 1);
  CHECK(of({5, 1, 2, 4}, 4) == 5);
}

TEST(hinge_margin_is_that_between_the_classes) {
  // Scores 3, 4 of positive samples, -1, -3 of negative ones; 5 and -5 of samples without a label, which do not count.
  const std::vector<double> labels{1, 1, -1, -1, 0, 0}, residuals{-2, -3, 0, 2, -5, 5};
  const Margin margin = margin_of(residuals.data(), labels.data(), labels.size());
  CHECK(margin.half_width == 2);
  CHECK(margin.intercept == -1);
  // A positive sample's score is that of a negative one: no margin.
  const std::vector<double> two{1, -1}, equal{0, -2};
  CHECK(margin_of(equal.data(), two.data(), two.size()).half_width == 0);
  CHECK(margin_of(equal.data(), two.data(), 1).half_width == 0);
}

TEST(hinge_gap_counts_relative_to_the_primal_value) {
  // Labels that no line separates: with a large C the primal value is about 10 million, and no gap falls below its rounding.
  constexpr std::size_t kCount = 40;
  constexpr double kC = 1e6;
  std::vector<double> gram(kCount * kCount);
  for (std::size_t i = 0; i < kCount; ++i)
    for (std::size_t j = 0; j < kCount; ++j) gram[i * kCount + j] = std::cos(0.1 * i) * std::cos(0.1 * j) + 0.01 * (i == j);
  HingeDual dual{.count = kCount, .gram = gram.data(), .multipliers = std::vector<double>(kCount)};
  for (std::size_t i = 0; i < kCount; ++i) {
    const double label = i % 3 == 0 ? 1 : -1;
    dual.labels.push_back(label);
    dual.low.push_back(std::min(0.0, label * kC));
    dual.high.push_back(std::max(0.0, label * kC));
    dual.residuals.push_back(label);
  }
  CHECK(solve(svm_kernels(InstructionSet::baseline), dual, kC, 1e-6));
}
