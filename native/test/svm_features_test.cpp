#include "svm_features.h"

#include <cmath>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "backend.h"
#include "check.h"

using namespace shiftscope;
using test::Random;
using test::between;

namespace {

/// Largest error that a sum may have, divided by the sum of the absolute values of its terms.
constexpr double kAccuracy = 3e-13;

using Samples = std::vector<std::uint32_t>;

struct Case {
  std::size_t rows, dims;
  std::vector<float> features;
  double at(std::size_t row, std::size_t d) const { return features[row * dims + d]; }
};

Case random_case(Random& random, std::size_t rows, std::size_t dims, float scale) {
  std::normal_distribution<float> normal(0.5f);
  Case made{rows, dims, std::vector<float>(rows * dims)};
  for (float& x : made.features) x = scale * normal(random);
  return made;
}

std::vector<double> random_doubles(Random& random, std::size_t count) {
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& value : values) value = normal(random);
  return values;
}

Samples random_samples(Random& random, std::size_t count, std::size_t rows) {
  Samples samples(count);
  for (std::uint32_t& sample : samples) sample = static_cast<std::uint32_t>(between(random, 0, rows - 1));
  return samples;
}

/// A sum of products, and the sum of their absolute values.
struct Sum {
  double value = 0, size = 0;
  void add(double term) {
    value += term;
    size += std::fabs(term);
  }
  bool holds(double found) const { return std::fabs(found - value) <= kAccuracy * size; }
};

Sum product(const Case& made, std::size_t row, const double* vector) {
  Sum sum;
  for (std::size_t d = 0; d < made.dims; ++d) sum.add(made.at(row, d) * vector[d]);
  return sum;
}

void check_products(const Case& made, const SvmFeatures& features, Random& random, const std::string& where) {
  const std::size_t stride = (made.dims + 7) / 8 * 8;
  for (std::size_t count : {1, 10, 12}) {
    std::vector<double> vectors = random_doubles(random, count * stride), out(count * made.rows);
    std::vector<double*> targets;
    for (std::size_t v = 0; v < count; ++v) {
      for (std::size_t d = made.dims; d < stride; ++d) vectors[v * stride + d] = 0;
      targets.push_back(out.data() + v * made.rows);
    }
    features.products(vectors.data(), count, stride, 2, targets.data());
    std::size_t wrong = 0;
    for (std::size_t v = 0; v < count; ++v) {
      for (std::size_t row = 0; row < made.rows; ++row) {
        wrong += !product(made, row, vectors.data() + v * stride).holds(targets[v][row]);
      }
    }
    CHECK_THAT(wrong == 0, where + ": " + std::to_string(wrong) + " products");
    const Samples samples = random_samples(random, between(random, 1, 70), made.rows);
    std::vector<double> some(samples.size());
    features.products_of(samples, vectors.data(), some.data());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      CHECK_THAT(product(made, samples[i], vectors.data()).holds(some[i]), where + ": products of samples");
    }
  }
}

void check_gram(const Case& made, const SvmFeatures& features, Random& random, std::size_t size, const std::string& where) {
  const std::size_t begin = between(random, 0, size), stride = size + 3;
  const Samples samples = random_samples(random, size, made.rows);
  constexpr double kGuard = 77;
  std::vector<double> out(size * stride, kGuard);
  features.fill_gram(samples, begin, 2, out.data(), stride);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < stride; ++j) {
      const double found = out[i * stride + j];
      if (j >= size || (i < begin && j < begin)) {
        wrong += found != kGuard;
        continue;
      }
      Sum sum;
      for (std::size_t d = 0; d < made.dims; ++d) sum.add(made.at(samples[i], d) * made.at(samples[j], d));
      wrong += !sum.holds(found) || found != out[j * stride + i];
    }
  }
  CHECK_THAT(wrong == 0, where + ": " + std::to_string(wrong) + " elements of a Gram matrix");
}

void check_sums(const Case& made, const SvmFeatures& features, Random& random, const std::string& where) {
  for (std::size_t count : {std::size_t{0}, std::size_t{1}, between(random, 2, 90)}) {
    const Samples samples = random_samples(random, count, made.rows);
    const std::vector<double> factors = random_doubles(random, count), before = random_doubles(random, made.dims);
    std::vector<SvmTerm> terms;
    for (std::size_t i = 0; i < count; ++i) terms.push_back({samples[i], factors[i]});
    std::vector<double> target = before;
    features.add_rows(terms, target.data());
    std::size_t wrong = 0;
    for (std::size_t d = 0; d < made.dims; ++d) {
      Sum sum;
      sum.add(before[d]);
      for (std::size_t i = 0; i < count; ++i) sum.add(made.at(samples[i], d) * factors[i]);
      wrong += !sum.holds(target[d]);
    }
    CHECK_THAT(wrong == 0, where + ": " + std::to_string(wrong) + " sums of rows");
  }
}

void check_outer_products(const Case& made, const SvmFeatures& features, Random& random, const std::string& where) {
  const Samples samples = random_samples(random, between(random, 1, 40), made.rows);
  const std::size_t size = made.dims + 1, stride = (size + 7) / 8 * 8;
  std::vector<double> out(size * stride, 0.25);
  features.add_outer_products(samples, 1.5, 2, out.data(), stride);
  const auto extended = [&](std::size_t row, std::size_t d) { return d < made.dims ? made.at(row, d) : 1.0; };
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = i; j < size; ++j) {
      Sum sum;
      sum.add(0.25);
      for (std::uint32_t sample : samples) sum.add(1.5 * extended(sample, i) * extended(sample, j));
      wrong += !sum.holds(out[i * stride + j]);
    }
  }
  CHECK_THAT(wrong == 0, where + ": " + std::to_string(wrong) + " outer products");
}

using Work = std::function<void(const SvmFeatures&, const std::string&)>;

void on_every_backend(const Case& made, const Work& work) {
  const std::string shape = ", " + std::to_string(made.rows) + "x" + std::to_string(made.dims);
  for (InstructionSet level : available_instruction_sets()) {
    work(HostFeatures(made.features.data(), made.rows, made.dims, svm_kernels(level)), name_of(level) + shape);
  }
  for (const test::Backend& backend : test::device_backends()) {
    backend.with_svm_features(made.features.data(), made.rows, made.dims,
                              [&](const SvmFeatures& features) { work(features, backend.name + shape); });
  }
}

void check_all(const Case& made, Random& random) {
  on_every_backend(made, [&](const SvmFeatures& features, const std::string& where) {
    CHECK(features.rows() == made.rows && features.dims() == made.dims);
    check_products(made, features, random, where);
    check_gram(made, features, random, between(random, 1, 150), where);
    check_sums(made, features, random, where);
    check_outer_products(made, features, random, where);
    CHECK_THAT(!features.first_not_finite().has_value(), where);
  });
}

}  // namespace

TEST(svm_features_random_shapes_are_the_definition) {
  Random random(61);
  for (std::size_t i = 0; i < test::cases(10); ++i) {
    check_all(random_case(random, between(random, 1, 80), between(random, 1, 90), 1), random);
  }
}

TEST(svm_features_more_dims_than_a_panel_or_a_strip) {
  Random random(62);
  for (std::size_t dims : {256, 257, 1100}) check_all(random_case(random, 19, dims, 1), random);
}

TEST(svm_features_more_samples_than_a_strip) {
  Random random(65);
  const Case made = random_case(random, 50, 3, 1);
  on_every_backend(made, [&](const SvmFeatures& features, const std::string& where) {
    check_gram(made, features, random, 1100, where);
  });
}

TEST(svm_features_calls_from_several_threads_are_those_of_one) {
  Random random(66);
  constexpr std::size_t kThreads = 4, kCalls = 3;
  const Case made = random_case(random, 40, 24, 1);
  const std::vector<double> vectors = random_doubles(random, kThreads * 24);
  const Samples samples = random_samples(random, 30, made.rows);
  on_every_backend(made, [&](const SvmFeatures& features, const std::string& where) {
    const auto results_of = [&](std::size_t thread) {
      const double* vector = vectors.data() + thread * 24;
      std::vector<double> results(made.rows + made.dims + samples.size());
      double* const out = results.data();
      features.products(vector, 1, 24, 1, &out);
      std::vector<SvmTerm> terms;
      for (std::size_t i = 0; i <= thread; ++i) terms.push_back({samples[i], vector[i]});
      features.add_rows(terms, out + made.rows);
      features.products_of(samples, vector, out + made.rows + made.dims);
      return results;
    };
    std::vector<std::vector<double>> found(kThreads * kCalls);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t call = 0; call < kCalls; ++call) found[t * kCalls + call] = results_of(t);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < found.size(); ++i) CHECK_THAT(found[i] == results_of(i / kCalls), where);
  });
}

TEST(svm_features_of_any_size_are_the_definition) {
  Random random(63);
  for (float scale : {1e-25f, 1e25f}) check_all(random_case(random, 20, 33, scale), random);
}
