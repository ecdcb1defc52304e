#include <algorithm>
#include <cmath>
#include <vector>

#include "svm.h"

namespace shiftscope {
namespace {

/// The dual of one problem, on all samples with a label. Multipliers are stored with the label's sign: y_i alpha_i.
struct Dual {
  std::vector<std::size_t> samples;
  std::vector<double> gram, labels, multipliers, residuals;
  std::size_t size() const { return samples.size(); }
  double product(std::size_t i, std::size_t j) const { return gram[i * size() + j]; }
};

Dual dual_of(const float* features, std::size_t rows, std::size_t dims, const std::int8_t* labels) {
  Dual dual;
  for (std::size_t row = 0; row < rows; ++row) {
    if (labels[row] == 0) continue;
    dual.samples.push_back(row);
    dual.labels.push_back(labels[row]);
  }
  for (std::size_t i : dual.samples) {
    for (std::size_t j : dual.samples) {
      double sum = 0;
      for (std::size_t d = 0; d < dims; ++d) sum += static_cast<double>(features[i * dims + d]) * features[j * dims + d];
      dual.gram.push_back(sum);
    }
  }
  dual.multipliers.assign(dual.size(), 0.0);
  dual.residuals = dual.labels;
  return dual;
}

constexpr int kSteps = 100'000;
constexpr double kLeastViolation = 1e-7;

/// Solves the dual: repeatedly finds the two multipliers that violate the optimality conditions most, raises one and
/// lowers the other. Returns the intercept.
double solve(Dual& dual, double C) {
  double up_residual = 0, down_residual = 0;
  for (int step = 0; step < kSteps; ++step) {
    std::size_t up = dual.size(), down = dual.size();
    for (std::size_t i = 0; i < dual.size(); ++i) {
      const double high = dual.labels[i] > 0 ? C : 0, low = high - C;
      if (dual.multipliers[i] < high && (up == dual.size() || dual.residuals[i] > dual.residuals[up])) up = i;
      if (dual.multipliers[i] > low && (down == dual.size() || dual.residuals[i] < dual.residuals[down])) down = i;
    }
    up_residual = dual.residuals[up];
    down_residual = dual.residuals[down];
    if (up_residual - down_residual < kLeastViolation) break;
    const double high = dual.labels[up] > 0 ? C : 0, low = dual.labels[down] > 0 ? 0 : -C;
    const double curvature = dual.product(up, up) + dual.product(down, down) - 2 * dual.product(up, down);
    const double room = std::min(high - dual.multipliers[up], dual.multipliers[down] - low);
    const double length = curvature > 0 ? std::min(room, (up_residual - down_residual) / curvature) : room;
    dual.multipliers[up] = length == high - dual.multipliers[up] ? high : dual.multipliers[up] + length;
    dual.multipliers[down] = length == dual.multipliers[down] - low ? low : dual.multipliers[down] - length;
    for (std::size_t i = 0; i < dual.size(); ++i) {
      dual.residuals[i] -= length * (dual.product(i, up) - dual.product(i, down));
    }
  }
  return (up_residual + down_residual) / 2;
}

}  // namespace

SvmResult svm_reference(const float* features, std::size_t rows, std::size_t dims, const std::int8_t* labels,
                        std::size_t problems, const SvmOptions& options, double* decisions, double* weights) {
  SvmResult result;
  for (std::size_t p = 0; p < problems; ++p) {
    Dual dual = dual_of(features, rows, dims, labels + p * rows);
    SvmSolution solution;
    solution.intercept = solve(dual, options.C);
    std::vector<double> w(dims, 0.0);
    for (std::size_t i = 0; i < dual.size(); ++i) {
      for (std::size_t d = 0; d < dims; ++d) w[d] += dual.multipliers[i] * features[dual.samples[i] * dims + d];
    }
    double squared_norm = 0;
    for (double x : w) squared_norm += x * x;
    solution.primal = squared_norm / 2;
    solution.dual = -squared_norm / 2;
    for (std::size_t row = 0; row < rows; ++row) {
      double decision = solution.intercept;
      for (std::size_t d = 0; d < dims; ++d) decision += w[d] * features[row * dims + d];
      decisions[p * rows + row] = decision;
      const double label = labels[p * rows + row];
      solution.primal += options.C * std::max(0.0, std::fabs(label) - label * decision);
    }
    for (double multiplier : dual.multipliers) {
      const double alpha = std::fabs(multiplier);
      solution.dual += alpha;
      solution.support_vectors += alpha > 0;
      solution.bounded += alpha == options.C;
    }
    solution.converged = solution.primal - solution.dual <= options.tolerance * solution.primal;
    if (weights != nullptr) std::copy(w.begin(), w.end(), weights + p * dims);
    result.solutions.push_back(solution);
  }
  return result;
}

}  // namespace shiftscope
