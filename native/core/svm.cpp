#include "svm.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include "parallel.h"
#include "svm_features.h"
#include "svm_gram.h"
#include "svm_kernel.h"
#include "svm_newton.h"
#include "svm_working_set.h"

namespace shiftscope {
namespace {

/// The first working sets have about kFirstSamples samples, spread evenly over the rows. If these contain fewer than
/// kFirstOfClass samples of a class, kFirstOfClass more of that class are added.
constexpr std::size_t kFirstSamples = 256;
constexpr std::size_t kFirstOfClass = 16;

/// A Gram matrix has room for at least this many samples, even if the matrix then exceeds the memory limit.
constexpr std::size_t kLeastSlots = 1024;

/// A problem and its current method: first a working set, later perhaps Newton's method.
struct Problem {
  std::size_t place;  ///< index among all problems
  const std::int8_t* labels;
  std::unique_ptr<SvmMethod> method;
  WorkingSetMethod* working_set;     ///< `method` as this type; null once Newton's method has replaced it
  const std::vector<double>* request;  ///< vector by which all samples are multiplied next
  std::vector<double> scores;          ///< [rows], the samples' products with the last `request`

  bool is_active() const { return !method->is_done(); }
};

/// Problems whose labels agree with those of the group's first problem: no sample has +1 in one problem and -1 in the
/// other. Such problems have support vectors in common, so they share a Gram matrix.
struct Group {
  std::unique_ptr<GramMatrix> gram;
  std::vector<Problem> problems;
};

class Training {
 public:
  Training(const SvmFeatures& features, const SvmOptions& options, const SvmKernels& kernels, const std::int8_t* labels,
           std::size_t problems)
      : features_(features), rows_(features.rows()), options_(options), kernels_(kernels), problems_(problems) {
    group(labels);
    for (Group& group : groups_) start(group);
  }

  SvmResult run(double* decisions, double* weights) {
    for (std::vector<Problem*> some = active(); !some.empty() && passes_ < options_.pass_limit; some = active()) {
      step(some);
      pass(some);
      if (passes_ == 1) fault_ = first_fault(some.front()->scores);
      if (fault_) break;
      for_each(some, [](Problem& problem) { problem.method->accept(problem.scores); });
      for (Group& group : groups_) enlarge(group);
    }
    return result(decisions, weights);
  }

 private:
  void group(const std::int8_t* labels) {
    std::vector<std::vector<std::size_t>> places;
    for (std::size_t p = 0; p < problems_; ++p) {
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
    for (const std::vector<std::size_t>& members : places) {
      Group group{std::make_unique<GramMatrix>(features_, slots), {}};
      for (std::size_t place : members) group.problems.push_back(problem_of(place, labels + place * rows_, *group.gram));
      groups_.push_back(std::move(group));
    }
  }

  /// Number of slots (samples) per Gram matrix, if `count` matrices share `bytes` bytes of memory.
  static std::size_t slots_for(std::size_t bytes, std::size_t count) {
    const double each = static_cast<double>(bytes) / static_cast<double>(count);
    return std::max(kLeastSlots, static_cast<std::size_t>(std::sqrt(each / sizeof(double))));
  }

  Problem problem_of(std::size_t place, const std::int8_t* labels, const GramMatrix& gram) const {
    auto method = std::make_unique<WorkingSetMethod>(kernels_, features_, gram, labels, options_);
    WorkingSetMethod* const working_set = method.get();
    return {place, labels, std::move(method), working_set, nullptr, std::vector<double>(rows_)};
  }

  /// Fills the first working sets: with samples spread over the rows, and with enough samples of each class.
  void start(Group& group) {
    Samples samples;
    const std::size_t step = std::max<std::size_t>(1, rows_ / kFirstSamples);
    for (std::size_t row = step / 2; row < rows_; row += step) samples.push_back(static_cast<std::uint32_t>(row));
    for (const Problem& problem : group.problems) {
      for (std::int8_t label : {1, -1}) add_of_class(problem.labels, label, samples);
    }
    take_in(group, std::move(samples), [](const Problem&, const Samples& all) { return all; });
  }

  void add_of_class(const std::int8_t* labels, std::int8_t label, Samples& samples) const {
    const auto is_of_class = [&](std::size_t row) { return labels[row] == label; };
    const auto present = std::count_if(samples.begin(), samples.end(), is_of_class);
    if (present >= static_cast<std::ptrdiff_t>(kFirstOfClass)) return;
    Samples all;
    for (std::size_t row = 0; row < rows_; ++row) {
      if (is_of_class(row)) all.push_back(static_cast<std::uint32_t>(row));
    }
    const std::size_t wanted = std::min(kFirstOfClass, all.size());
    for (std::size_t i = 0; i < wanted; ++i) samples.push_back(all[(2 * i + 1) * all.size() / (2 * wanted)]);
  }

  /// Adds to each working set the samples that its problem chose after the last pass. A problem that has outgrown its
  /// working set switches to Newton's method instead.
  void enlarge(Group& group) const {
    Samples samples;
    for (Problem& problem : group.problems) {
      if (problem.working_set == nullptr || !problem.is_active()) continue;
      if (problem.working_set->is_outgrown()) {
        leave_working_set(problem);
      } else {
        const Samples& joining = problem.working_set->joining();
        samples.insert(samples.end(), joining.begin(), joining.end());
      }
    }
    take_in(group, std::move(samples), [](const Problem& problem, const Samples&) { return problem.working_set->joining(); });
  }

  /// Reserves slots in the Gram matrix for the samples, then adds chosen(problem, samples) to each problem's working
  /// set. If the matrix has too few slots, all problems of the group switch to Newton's method.
  template <class Chosen>
  void take_in(Group& group, Samples samples, const Chosen& chosen) const {
    std::sort(samples.begin(), samples.end());
    samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
    Samples fresh;
    for (std::uint32_t sample : samples) {
      if (group.gram->slot_of(sample) == GramMatrix::kNoSlot) fresh.push_back(sample);
    }
    const bool has_room = group.gram->size() + fresh.size() <= group.gram->capacity();
    if (has_room) group.gram->extend(fresh, options_.threads);
    for (Problem& problem : group.problems) {
      if (problem.working_set == nullptr || !problem.is_active()) continue;
      if (has_room) {
        problem.working_set->join(chosen(problem, samples));
      } else {
        leave_working_set(problem);
      }
    }
  }

  /// Switches the problem to Newton's method, which starts from zero. Starting from the working set's solution would
  /// take more steps, because that solution is far from the one on all samples.
  void leave_working_set(Problem& problem) const {
    LargeProblem large{features_, problem.labels, options_.C, options_.tolerance};
    large.gram_samples = slots_for(options_.gram_bytes / 2, problems_);
    large.typical_multiplier = problem.working_set->mean_multiplier();
    problem.method = std::make_unique<NewtonMethod>(kernels_, large);
    problem.working_set = nullptr;
  }

  std::vector<Problem*> active() {
    std::vector<Problem*> some;
    for (Group& group : groups_) {
      for (Problem& problem : group.problems) {
        if (problem.is_active()) some.push_back(&problem);
      }
    }
    return some;
  }

  /// Calls `work` for each problem, on several threads. If calls of `work` throw, one of their exceptions is thrown
  /// here. Throws SvmStopped if options.stop was set.
  template <class Work>
  void for_each(const std::vector<Problem*>& some, const Work& work) const {
    std::mutex mutex;
    std::exception_ptr error;
    for_each_piece(some.size(), 1, options_.threads, [&](std::size_t, std::size_t begin, std::size_t) {
      try {
        if (options_.stop != nullptr && options_.stop->load() != 0) throw SvmStopped();
        work(*some[begin]);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        error = std::current_exception();
      }
    });
    if (error) std::rethrow_exception(error);
  }

  /// Computes each problem's next step. Problems that gain nothing from several threads come first, and each gets one
  /// thread. The other problems follow and share the threads equally.
  void step(std::vector<Problem*> some) const {
    const bool last = passes_ + 1 == options_.pass_limit;
    const auto heavy = std::stable_partition(some.begin(), some.end(), [](Problem* p) { return !p->method->is_heavy(); });
    const std::vector<Problem*> few(some.begin(), heavy), many(heavy, some.end());
    for_each(few, [&](Problem& problem) { problem.request = &problem.method->next(last, 1); });
    const std::size_t threads = std::max<std::size_t>(1, options_.threads / std::max<std::size_t>(1, many.size()));
    for_each(many, [&](Problem& problem) { problem.request = &problem.method->next(last, threads); });
  }

  /// Computes the scalar products that the problems request, in one pass over the features.
  void pass(const std::vector<Problem*>& some) {
    std::vector<double> requests;
    std::vector<double*> scores;
    for (Problem* problem : some) {
      requests.insert(requests.end(), problem->request->begin(), problem->request->end());
      scores.push_back(problem->scores.data());
    }
    features_.products(requests.data(), some.size(), requests.size() / some.size(), options_.threads, scores.data());
    ++passes_;
  }

  /// Finds the first row with a feature that is not finite. Such a feature makes the score of its row not finite,
  /// whatever the weights. So if all scores are finite, the features need not be searched.
  std::optional<std::size_t> first_fault(const std::vector<double>& scores) const {
    const auto finite = [](double score) { return std::isfinite(score); };
    if (std::all_of(scores.begin(), scores.end(), finite)) return std::nullopt;
    return features_.first_not_finite();
  }

  SvmResult result(double* decisions, double* weights) const {
    SvmResult result;
    result.passes = passes_;
    result.fault = fault_;
    result.solutions.resize(problems_);
    for (const Group& group : groups_) {
      result.gram_samples += group.gram->size();
      for (const Problem& problem : group.problems) {
        const SvmSolution& solution = problem.method->solution();
        result.solutions[problem.place] = solution;
        double* const values = decisions + problem.place * rows_;
        for (std::size_t row = 0; row < rows_; ++row) {
          values[row] = solution.scale * problem.scores[row] + solution.intercept;
        }
        if (weights == nullptr) continue;
        const std::size_t dims = features_.dims();
        const std::vector<double>& from = problem.method->weights();
        for (std::size_t d = 0; d < dims; ++d) weights[problem.place * dims + d] = solution.scale * from[d];
      }
    }
    return result;
  }

  const SvmFeatures& features_;
  const std::size_t rows_;
  const SvmOptions& options_;
  const SvmKernels kernels_;
  const std::size_t problems_;
  std::vector<Group> groups_;
  std::size_t passes_ = 0;
  std::optional<std::size_t> fault_;
};

void check_labels(const std::int8_t* labels, std::size_t problems, std::size_t rows) {
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
  check_labels(labels, problems, features.rows());
  if (problems == 0) return {};
  return Training(features, options, svm_kernels(level), labels, problems).run(decisions, weights);
}

}  // namespace shiftscope
