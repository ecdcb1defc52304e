#include "svm.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include "parallel.h"
#include "svm_features.h"
#include "svm_gram.h"
#include "svm_hinge.h"
#include "svm_kernel.h"
#include "svm_newton.h"
#include "svm_squared_hinge.h"

namespace shiftscope {
namespace {

using Samples = std::vector<std::uint32_t>;

/// Samples of a working set at most, and the share of the training samples that may still violate their margins after some
/// passes: beyond, a problem is solved on all samples at once.
constexpr std::size_t kMostWorking = 2048;
constexpr double kMostViolating = 0.5;
constexpr std::size_t kTrialPasses = 4;

/// Samples of the first working sets, spread evenly over the rows.
constexpr std::size_t kFirstSamples = 256;
constexpr std::size_t kFirstOfClass = 16;

/// Samples that join a problem's working set after a pass, at least and at most; between these, a share of its size. Few
/// at a time: passes are cheap, and what was never a support vector made the Gram matrix grow for nothing.
constexpr std::size_t kLeastJoining = 64;
constexpr std::size_t kMostJoining = 1000;
constexpr std::size_t kJoiningShare = 4;

/// Slots of a Gram matrix at least, however little memory it may take.
constexpr std::size_t kLeastSlots = 1024;

/// One problem on its way.
struct Problem {
  const std::int8_t* labels = nullptr;
  std::size_t positives = 0;
  std::vector<double> multipliers;   ///< [rows], each with its label's sign
  std::vector<std::uint8_t> member;  ///< [rows], whether the sample is in the working set
  std::vector<double> weights;       ///< [dims], padded with zeros
  std::vector<double> request;       ///< as weights: what the next pass takes the scalar products of
  std::vector<double> scores;        ///< [rows], <request, x>
  double squared_norm = 0;
  double working_tolerance = 1e-2;
  Samples joining;  ///< samples that violate their margins and are to join the working set
  std::size_t violating = 0;  ///< samples outside the working set that violate their margins
  std::size_t training = 0;   ///< samples with a label
  SvmSolution solution;
  bool active = true;
  std::unique_ptr<NewtonMethod> newton;  ///< takes over when there are too many support vectors for a working set
};

/// Problems whose labels agree have support vectors in common, and so a Gram matrix.
struct Group {
  GramMatrix gram;
  std::vector<Problem> problems;
  std::vector<std::size_t> places;  ///< of the problems among all
};

struct Violator {
  double excess;
  std::uint32_t sample;
};
using Violators = std::vector<Violator>;

/// Moves the `count` largest to the front, in falling order.
void worst_first(Violators& violators, std::size_t count) {
  std::partial_sort(violators.begin(), violators.begin() + static_cast<std::ptrdiff_t>(count), violators.end(),
                    [](const Violator& a, const Violator& b) {
                      return a.excess != b.excess ? a.excess > b.excess : a.sample < b.sample;
                    });
}

class Training {
 public:
  Training(const SvmFeatures& features, const SvmOptions& options, const SvmKernels& kernels)
      : features_(features),
        rows_(features.rows()),
        dims_(features.dims()),
        padded_dims_((dims_ + 7) / 8 * 8),
        options_(options),
        kernels_(kernels) {}

  SvmResult run(const std::int8_t* labels, std::size_t problems, double* decisions, double* weights) {
    problems_ = problems;
    group(labels, problems);
    for (Group& group : groups_) start(group);
    while (!active().empty() && passes_ < options_.pass_limit && !fault_) {
      const bool last = passes_ + 1 == options_.pass_limit;
      step_all(last);
      pass();
      if (fault_) break;
      for_each(active(), [&](Group& group, Problem& problem) { evaluate(group.gram, problem); });
      for (Group& group : groups_) enlarge(group);
    }
    return result(problems, decisions, weights);
  }

 private:
  bool hinge() const { return options_.loss == Loss::hinge; }

  void group(const std::int8_t* labels, std::size_t problems) {
    std::vector<std::vector<std::size_t>> places;
    for (std::size_t p = 0; p < problems; ++p) {
      const auto agree = [&](const std::vector<std::size_t>& others) {
        const std::int8_t* a = labels + others.front() * rows_;
        const std::int8_t* b = labels + p * rows_;
        for (std::size_t row = 0; row < rows_; ++row) {
          if (a[row] * b[row] < 0) return false;
        }
        return true;
      };
      const auto found = std::find_if(places.begin(), places.end(), agree);
      if (found == places.end()) {
        places.push_back({p});
      } else {
        found->push_back(p);
      }
    }
    const std::size_t slots = slots_for(options_.gram_bytes / 2, places.size());
    for (std::vector<std::size_t>& members : places) {
      Group group{GramMatrix(features_, slots), {}, members};
      for (std::size_t p : members) group.problems.push_back(problem_of(labels + p * rows_));
      groups_.push_back(std::move(group));
    }
  }

  /// Slots of each of `count` Gram matrices that share so many bytes.
  static std::size_t slots_for(std::size_t bytes, std::size_t count) {
    const double each = static_cast<double>(bytes) / static_cast<double>(count);
    return std::max(kLeastSlots, static_cast<std::size_t>(std::sqrt(each / sizeof(double))));
  }

  Problem problem_of(const std::int8_t* labels) const {
    Problem problem;
    problem.labels = labels;
    problem.positives = static_cast<std::size_t>(std::count(labels, labels + rows_, std::int8_t{1}));
    problem.training = rows_ - static_cast<std::size_t>(std::count(labels, labels + rows_, std::int8_t{0}));
    problem.multipliers.assign(rows_, 0.0);
    problem.member.assign(rows_, 0);
    problem.weights.assign(padded_dims_, 0.0);
    problem.scores.assign(rows_, 0.0);
    return problem;
  }

  struct Active {
    Group* group;
    Problem* problem;
  };

  std::vector<Active> active() {
    std::vector<Active> all;
    for (Group& group : groups_) {
      for (Problem& problem : group.problems) {
        if (problem.active) all.push_back({&group, &problem});
      }
    }
    return all;
  }

  /// Throws one of the exceptions that `work` ends with.
  template <class Work>
  void for_each(const std::vector<Active>& all, const Work& work) const {
    std::mutex mutex;
    std::exception_ptr error;
    for_each_piece(all.size(), 1, options_.threads, [&](std::size_t, std::size_t begin, std::size_t) {
      try {
        if (options_.stop != nullptr && options_.stop->load() != 0) throw SvmStopped();
        work(*all[begin].group, *all[begin].problem);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        error = std::current_exception();
      }
    });
    if (error) std::rethrow_exception(error);
  }

  /// The first working sets: samples spread over the rows, and enough of each class.
  void start(Group& group) {
    Samples samples;
    const std::size_t step = std::max<std::size_t>(1, rows_ / kFirstSamples);
    for (std::size_t row = step / 2; row < rows_; row += step) samples.push_back(static_cast<std::uint32_t>(row));
    for (const Problem& problem : group.problems) {
      for (std::int8_t label : {1, -1}) add_of_class(problem, label, samples);
    }
    std::sort(samples.begin(), samples.end());
    samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
    group.gram.extend(samples, options_.threads);
    for (Problem& problem : group.problems) join(problem, samples);
  }

  void add_of_class(const Problem& problem, std::int8_t label, Samples& samples) const {
    const auto is_of_class = [&](std::size_t row) { return problem.labels[row] == label; };
    const auto present = std::count_if(samples.begin(), samples.end(), is_of_class);
    if (present >= static_cast<std::ptrdiff_t>(kFirstOfClass)) return;
    Samples all;
    for (std::size_t row = 0; row < rows_; ++row) {
      if (is_of_class(row)) all.push_back(static_cast<std::uint32_t>(row));
    }
    const std::size_t wanted = std::min(kFirstOfClass, all.size());
    for (std::size_t i = 0; i < wanted; ++i) samples.push_back(all[(2 * i + 1) * all.size() / (2 * wanted)]);
  }

  void join(Problem& problem, const Samples& samples) const {
    for (std::uint32_t sample : samples) problem.member[sample] = problem.labels[sample] != 0;
  }

  /// What the problems do between two passes: side by side, and those with more to do share the threads left over.
  void step_all(bool last) {
    std::vector<Active> few = active(), heavy;
    const auto is_heavy = [](const Active& one) { return one.problem->newton && one.problem->newton->is_heavy(); };
    std::copy_if(few.begin(), few.end(), std::back_inserter(heavy), is_heavy);
    few.erase(std::remove_if(few.begin(), few.end(), is_heavy), few.end());
    for_each(few, [&](Group& group, Problem& problem) { step(group.gram, problem, last, 1); });
    const std::size_t threads = std::max<std::size_t>(1, options_.threads / std::max<std::size_t>(1, heavy.size()));
    for_each(heavy, [&](Group& group, Problem& problem) { step(group.gram, problem, last, threads); });
  }

  /// What a problem does between two passes.
  void step(const GramMatrix& gram, Problem& problem, bool last, std::size_t threads) const {
    if (problem.newton) {
      problem.request = last ? problem.newton->refresh() : problem.newton->next(threads);
    } else {
      solve_working_set(gram, problem);
      problem.request = problem.weights;
    }
  }

  /// Solves the problem on its working set, the multipliers of other samples staying, and makes its weights.
  void solve_working_set(const GramMatrix& gram, Problem& problem) const {
    Samples samples;
    for (std::uint32_t sample : gram.samples()) {
      if (problem.member[sample]) samples.push_back(sample);
    }
    const std::vector<double> products = part_of(gram, samples);
    if (hinge()) {
      solve_hinge(problem, samples, products);
    } else {
      solve_squared_hinge(problem, samples, products);
    }
    make_weights(problem);
  }

  static std::vector<double> part_of(const GramMatrix& gram, const Samples& samples) {
    const std::size_t size = samples.size();
    std::vector<double> part(size * size);
    Samples slots;
    for (std::uint32_t sample : samples) slots.push_back(gram.slot_of(sample));
    for (std::size_t i = 0; i < size; ++i) {
      const double* row = gram.row(slots[i]);
      double* target = part.data() + i * size;
      for (std::size_t j = 0; j < size; ++j) target[j] = row[slots[j]];
    }
    return part;
  }

  void solve_hinge(Problem& problem, const Samples& samples, const std::vector<double>& products) const {
    HingeDual dual;
    dual.count = samples.size();
    dual.gram = products.data();
    dual.stride = samples.size();
    for (std::uint32_t sample : samples) {
      const double label = problem.labels[sample];
      dual.labels.push_back(label);
      dual.low.push_back(label < 0 ? -options_.C : 0);
      dual.high.push_back(label > 0 ? options_.C : 0);
      dual.multipliers.push_back(problem.multipliers[sample]);
      dual.residuals.push_back(label - problem.scores[sample]);
    }
    shiftscope::solve(kernels_, dual, options_.C, problem.working_tolerance);
    for (std::size_t i = 0; i < samples.size(); ++i) problem.multipliers[samples[i]] = dual.multipliers[i];
  }

  void solve_squared_hinge(Problem& problem, const Samples& samples, const std::vector<double>& products) const {
    SquaredHingeSet set;
    set.count = samples.size();
    set.gram = products.data();
    set.stride = samples.size();
    for (std::uint32_t sample : samples) {
      set.labels.push_back(problem.labels[sample]);
      set.multipliers.push_back(problem.multipliers[sample]);
      set.decisions.push_back(problem.scores[sample] + problem.solution.intercept);
    }
    shiftscope::solve(kernels_, set, options_.C);
    problem.solution.intercept = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      // A step that stops before or after its end may leave a trace of the wrong sign, which would not be feasible.
      const bool feasible = set.multipliers[i] * set.labels[i] > 0;
      problem.multipliers[samples[i]] = feasible ? set.multipliers[i] : 0;
      problem.solution.intercept += problem.multipliers[samples[i]];
    }
  }

  void make_weights(Problem& problem) const {
    std::vector<SvmTerm> terms;
    for (std::size_t row = 0; row < rows_; ++row) {
      if (problem.multipliers[row] != 0) terms.push_back({static_cast<std::uint32_t>(row), problem.multipliers[row]});
    }
    std::fill(problem.weights.begin(), problem.weights.end(), 0.0);
    features_.add_rows(terms, problem.weights.data());
    problem.squared_norm = kernels_.dot(problem.weights.data(), problem.weights.data(), dims_);
  }

  /// The scalar products that all active problems ask for.
  void pass() {
    const std::vector<Active> all = active();
    std::vector<double> requests;
    std::vector<double*> scores;
    for (const auto& [group, problem] : all) {
      requests.insert(requests.end(), problem->request.begin(), problem->request.end());
      scores.push_back(problem->scores.data());
    }
    features_.products(requests.data(), all.size(), padded_dims_, options_.threads, scores.data());
    ++passes_;
    if (passes_ == 1) check_finite(*all.front().problem);
  }

  /// Whatever is not finite in a row makes its score so, whatever the weights.
  void check_finite(const Problem& problem) {
    const auto finite = [](double score) { return std::isfinite(score); };
    if (std::all_of(problem.scores.begin(), problem.scores.end(), finite)) return;
    fault_ = features_.first_not_finite();
  }

  void evaluate(const GramMatrix& gram, Problem& problem) const {
    if (problem.newton) {
      problem.newton->accept(problem.scores);
      problem.solution = problem.newton->solution();
      problem.weights = problem.newton->weights();
      problem.active = !problem.solution.converged;
      return;
    }
    Violators violators;
    if (hinge()) {
      evaluate_hinge(gram, problem, violators);
    } else {
      evaluate_squared_hinge(gram, problem, violators);
    }
    SvmSolution& solution = problem.solution;
    const double gap = (solution.primal - solution.dual) / solution.primal;
    solution.converged = gap <= options_.tolerance;
    problem.active = !solution.converged;
    problem.working_tolerance = std::max(0.1 * options_.tolerance, std::min(1e-2, 0.03 * gap));
    choose_joining(gram, problem, violators);
  }

  void evaluate_hinge(const GramMatrix& gram, Problem& problem, Violators& violators) const {
    SvmSolution& solution = problem.solution;
    std::vector<double> residuals;
    residuals.reserve(rows_);
    for (std::size_t row = 0; row < rows_; ++row) {
      if (problem.labels[row] != 0) residuals.push_back(problem.labels[row] - problem.scores[row]);
    }
    solution.intercept = best_intercept(residuals, problem.positives);
    solution.primal = problem.squared_norm / 2;
    solution.dual = -problem.squared_norm / 2;
    solution.support_vectors = solution.bounded = 0;
    for (std::size_t row = 0; row < rows_; ++row) {
      const double slack = slack_of(problem, row), multiplier = std::fabs(problem.multipliers[row]);
      solution.primal += options_.C * slack;
      solution.dual += multiplier;
      solution.support_vectors += multiplier > 0;
      solution.bounded += multiplier == options_.C;
      if (slack > 0 && !is_working(gram, problem, row) && multiplier < options_.C) {
        violators.push_back({slack, static_cast<std::uint32_t>(row)});
      }
    }
  }

  void evaluate_squared_hinge(const GramMatrix& gram, Problem& problem, Violators& violators) const {
    SvmSolution& solution = problem.solution;
    const double squared_norm = problem.squared_norm + solution.intercept * solution.intercept;
    solution.primal = squared_norm / 2;
    solution.dual = -squared_norm / 2;
    solution.support_vectors = 0;
    for (std::size_t row = 0; row < rows_; ++row) {
      const double slack = slack_of(problem, row), alpha = problem.labels[row] * problem.multipliers[row];
      solution.primal += options_.C * slack * slack;
      solution.dual += alpha < 0 ? -HUGE_VAL : alpha - alpha * alpha / (4 * options_.C);
      solution.support_vectors += alpha != 0;
      if (slack > 0 && !is_working(gram, problem, row)) violators.push_back({slack, static_cast<std::uint32_t>(row)});
    }
  }

  /// max(0, 1 - y f) of a training sample, 0 of others.
  double slack_of(const Problem& problem, std::size_t row) const {
    const double label = problem.labels[row];
    return std::max(0.0, std::fabs(label) - label * (problem.scores[row] + problem.solution.intercept));
  }

  static bool is_working(const GramMatrix& gram, const Problem& problem, std::size_t row) {
    return problem.member[row] && gram.slot_of(row) != GramMatrix::kNoSlot;
  }

  /// The worst violators join, and all those whose scalar products are there anyway.
  void choose_joining(const GramMatrix& gram, Problem& problem, Violators& violators) const {
    const auto members = static_cast<std::size_t>(std::count(problem.member.begin(), problem.member.end(), 1));
    const std::size_t most = std::min(violators.size(), std::clamp(members / kJoiningShare, kLeastJoining, kMostJoining));
    worst_first(violators, most);
    problem.violating = violators.size();
    problem.joining.clear();
    for (std::size_t i = 0; i < violators.size(); ++i) {
      const std::uint32_t sample = violators[i].sample;
      if (i < most || gram.slot_of(sample) != GramMatrix::kNoSlot) problem.joining.push_back(sample);
    }
  }

  /// Puts the joining samples into the working sets.
  void enlarge(Group& group) {
    Samples fresh;
    for (Problem& problem : group.problems) {
      if (!problem.active || problem.newton) continue;
      if (too_large(problem)) leave_working_set(problem);
      for (std::uint32_t sample : problem.joining) {
        if (group.gram.slot_of(sample) == GramMatrix::kNoSlot) fresh.push_back(sample);
      }
    }
    std::sort(fresh.begin(), fresh.end());
    fresh.erase(std::unique(fresh.begin(), fresh.end()), fresh.end());
    if (group.gram.size() + fresh.size() > group.gram.capacity()) {
      for (Problem& problem : group.problems) {
        if (problem.active && !problem.newton) leave_working_set(problem);
      }
      return;
    }
    group.gram.extend(fresh, options_.threads);
    for (Problem& problem : group.problems) join(problem, problem.joining);
  }

  bool too_large(const Problem& problem) const {
    const auto members = static_cast<std::size_t>(std::count(problem.member.begin(), problem.member.end(), 1));
    const double most_violating = kMostViolating * static_cast<double>(problem.training);
    return members + problem.joining.size() > kMostWorking ||
           (passes_ >= kTrialPasses && static_cast<double>(problem.violating) > most_violating) ||
           (!hinge() && problem.solution.support_vectors > dims_);
  }

  /// The method starts anew: from the working set's solution, far from that on all samples, it would take more steps.
  void leave_working_set(Problem& problem) const {
    LargeProblem large{features_, problem.labels, options_.loss, options_.C, options_.tolerance};
    large.gram_samples = slots_for(options_.gram_bytes / 2, problems_);
    large.typical_multiplier = mean_multiplier(problem);
    problem.newton = std::make_unique<NewtonMethod>(kernels_, large);
    problem.joining.clear();
  }

  /// Of the support vectors in the working set; C if there are none.
  double mean_multiplier(const Problem& problem) const {
    double sum = 0;
    std::size_t count = 0;
    for (double multiplier : problem.multipliers) {
      sum += std::fabs(multiplier);
      count += multiplier != 0;
    }
    return count == 0 ? options_.C : sum / static_cast<double>(count);
  }

  SvmResult result(std::size_t problems, double* decisions, double* weights) const {
    SvmResult result;
    result.passes = passes_;
    result.fault = fault_;
    result.solutions.resize(problems);
    for (const Group& group : groups_) {
      result.gram_samples += group.gram.size();
      for (std::size_t i = 0; i < group.problems.size(); ++i) {
        const Problem& problem = group.problems[i];
        const std::size_t p = group.places[i];
        result.solutions[p] = problem.solution;
        for (std::size_t row = 0; row < rows_; ++row) {
          decisions[p * rows_ + row] = problem.scores[row] + problem.solution.intercept;
        }
        if (weights != nullptr) std::copy_n(problem.weights.begin(), dims_, weights + p * dims_);
      }
    }
    return result;
  }

  const SvmFeatures& features_;
  std::size_t rows_, dims_, padded_dims_;
  const SvmOptions& options_;
  const SvmKernels kernels_;
  std::vector<Group> groups_;
  std::size_t problems_ = 0, passes_ = 0;
  std::optional<std::size_t> fault_;
};

void check_arguments(std::size_t rows, std::size_t dims, const std::int8_t* labels, std::size_t problems,
                     const SvmOptions& options) {
  const auto positive = [](double x) { return x > 0 && std::isfinite(x); };
  if (!positive(options.C)) throw std::invalid_argument("C must be positive and finite");
  if (!positive(options.tolerance)) throw std::invalid_argument("the tolerance must be positive and finite");
  if (dims == 0) throw std::invalid_argument("features without dimensions cannot be separated");
  for (std::size_t p = 0; p < problems; ++p) {
    bool negative = false, zero_or_one = true, positive_label = false;
    for (std::size_t row = 0; row < rows; ++row) {
      const int label = labels[p * rows + row];
      negative |= label == -1;
      positive_label |= label == 1;
      zero_or_one &= label >= -1 && label <= 1;
    }
    if (!zero_or_one) throw std::invalid_argument("labels must be 1, -1 or 0");
    if (!negative || !positive_label) {
      throw std::invalid_argument("problem " + std::to_string(p) + " has no training samples of one of the classes");
    }
  }
}

}  // namespace

SvmResult train_svm(const float* features, std::size_t rows, std::size_t dims, const std::int8_t* labels,
                    std::size_t problems, const SvmOptions& options, double* decisions, double* weights,
                    InstructionSet level) {
  return train_svm(HostFeatures(features, rows, dims, svm_kernels(level)), labels, problems, options, decisions, weights,
                   level);
}

SvmResult train_svm(const SvmFeatures& features, const std::int8_t* labels, std::size_t problems,
                    const SvmOptions& options, double* decisions, double* weights, InstructionSet level) {
  check_arguments(features.rows(), features.dims(), labels, problems, options);
  if (problems == 0) return {};
  return Training(features, options, svm_kernels(level)).run(labels, problems, decisions, weights);
}

}  // namespace shiftscope
