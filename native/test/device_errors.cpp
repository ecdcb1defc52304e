#include <algorithm>
#include <string>
#include <vector>

#include "../cuda/cosine.h"
#include "../cuda/features.h"
#include "../cuda/runtime.h"
#include "../cuda/svm.h"
#include "check.h"
#include "svm.h"

// Tests how the operations behave if a call of the CUDA runtime fails. Only the emulated device can fail on request.
namespace shiftscope::emulated_cuda {
namespace {

using test::Random;

const Device kDevice{0, "emulated device", 9, 0, std::size_t{1} << 30};

struct Matrix {
  std::size_t rows, dims;
  std::vector<float> values;
};

Matrix random_matrix(std::size_t rows, std::size_t dims) {
  Random random(51);
  std::normal_distribution<float> normal;
  Matrix matrix{rows, dims, std::vector<float>(rows * dims)};
  for (float& value : matrix.values) value = normal(random);
  return matrix;
}

void compare_once() {
  const Matrix matrix = random_matrix(6, 10);
  std::vector<float> out(2 * matrix.rows);
  cosine_similarity(Features(kDevice, matrix.values.data(), matrix.rows, matrix.dims), matrix.values.data(), 2, out.data());
}

/// Runs two operations on the same uploaded features.
void compare_and_train_once() {
  const Matrix matrix = random_matrix(30, 6);
  const Features features(kDevice, matrix.values.data(), matrix.rows, matrix.dims);
  std::vector<float> cosines(2 * matrix.rows);
  cosine_similarity(features, matrix.values.data(), 2, cosines.data());
  std::vector<std::int8_t> labels(3 * matrix.rows);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = i % 5 < 2 ? 1 : -1;
  std::vector<double> decisions(labels.size());
  SvmOptions options;
  options.threads = 3;
  train_svm(*svm_features(features), labels.data(), 3, options, decisions.data());
}

/// Repeats the operation, and each time makes another call of the CUDA runtime fail. The error must name the call and
/// the cause, and no memory or stream may leak.
void check_every_failure(void (*operation)(), cudaError_t error, bool lost, const std::string& cause) {
  emulation::fail(0, cudaSuccess, false);
  operation();
  const long calls = emulation::calls();
  CHECK(calls > 5);
  // A training makes hundreds of similar calls. Only some of them are made to fail.
  const long step = std::max(1L, calls / static_cast<long>(test::cases(24)));
  for (long call = 1; call <= calls; call += step) {
    emulation::fail(call, error, lost);
    std::string message = "no error";
    try {
      operation();
    } catch (const DeviceError& caught) {
      message = caught.what();
    }
    // The number of calls varies from run to run, because threads that run one after the other reuse memory. So the
    // chosen call may not have happened.
    if (message == "no error" && emulation::calls() < call) continue;
    CHECK_THAT(message.rfind("cuda", 0) == 0 && message.find(cause) != std::string::npos,
               "call " + std::to_string(call) + " fails: " + message);
    CHECK_THAT(emulation::live() == 0, std::to_string(emulation::live()) + " objects are left after " + message);
  }
  emulation::fail(0, cudaSuccess, false);
}

}  // namespace

TEST(device_every_failing_call_is_an_error_that_names_it) {
  for (auto* operation : {compare_once, compare_and_train_once}) {
    check_every_failure(operation, cudaErrorMemoryAllocation, false, "out of memory (cudaErrorMemoryAllocation)");
    check_every_failure(operation, cudaErrorLaunchFailure, true, "unspecified launch failure (cudaErrorLaunchFailure)");
  }
}

TEST(device_one_that_does_not_answer_is_left_out_with_the_reason) {
  for (long call = 1; call <= 4; ++call) {
    emulation::fail(call, cudaErrorLaunchFailure, true);
    const Devices found = find_devices();
    CHECK(found.all.empty());
    CHECK_THAT(found.reason.find("unspecified launch failure") != std::string::npos, found.reason);
  }
  emulation::fail(0, cudaSuccess, false);
  CHECK(find_devices().all.size() == 1);
  CHECK(find_devices().reason.empty());
}

TEST(device_one_can_be_looked_for_alone) {
  CHECK(find_devices(0).all.size() == 1);
  const Devices found = find_devices(1);
  CHECK(found.all.empty());
  CHECK_THAT(found.reason == "no such device: the last one of this machine is 0", found.reason);
}

}  // namespace shiftscope::emulated_cuda
