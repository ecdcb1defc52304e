#include "svm_hinge.h"

#include <vector>

#include "check.h"
#include "svm_features.h"
#include "svm_gram.h"

using namespace shiftscope;

TEST(hinge_best_intercept_is_the_middle_of_the_minimisers) {
  const auto of = [](std::vector<double> residuals, std::size_t positives) { return best_intercept(residuals, positives); };
  CHECK(of({5, 1, 2, 4}, 2) == 3);
  CHECK(of({5, 1, 2, 4}, 1) == 1.5);
  CHECK(of({5, 1, 2, 4}, 0) == 1);
  CHECK(of({5, 1, 2, 4}, 4) == 5);
}

TEST(hinge_margin_is_that_between_the_classes) {
  // Scores are 3 and 4 (positive), -1 and -3 (negative), 5 and -5 (no label, to be ignored).
  const std::vector<double> labels{1, 1, -1, -1, 0, 0}, residuals{-2, -3, 0, 2, -5, 5};
  const Margin margin = margin_of(residuals.data(), labels.data(), labels.size());
  CHECK(margin.half_width == 2);
  CHECK(margin.intercept == -1);
  // Both samples have the same score, so there is no margin.
  const std::vector<double> two{1, -1}, equal{0, -2};
  CHECK(margin_of(equal.data(), two.data(), two.size()).half_width == 0);
  CHECK(margin_of(equal.data(), two.data(), 1).half_width == 0);
}

TEST(gram_matrix_takes_no_more_slots_than_it_may) {
  const std::vector<float> features(6);
  const HostFeatures three(features.data(), 3, 2, svm_kernels(InstructionSet::baseline));
  CHECK(GramMatrix(three, 2).capacity() == 2);
  CHECK(GramMatrix(three, 5).capacity() == 3);
}
