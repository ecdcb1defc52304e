#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "../cuda/device.h"
#include "backend.h"
#include "check.h"
#include "instruction_set.h"

namespace {

constexpr int kSkipped = 77;

void print_devices() {
  for (const auto& backend : shiftscope::test::device_backends()) std::printf("device: %s\n", backend.name.c_str());
  const shiftscope::cuda::Devices devices = shiftscope::cuda::find_devices();
  if (devices.all.empty()) std::printf("skipped: no CUDA device (%s)\n", devices.reason.c_str());
}

}  // namespace

/// Usage: shiftscope_test [part parts [without]]. Runs every parts-th test, starting with number `part`, so that
/// several processes can share the tests. Skips tests whose names begin with `without`.
int main(int argc, char** argv) {
  const std::size_t part = argc > 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
  const std::size_t parts = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1;
  const std::string_view without = argc > 3 ? argv[3] : "";
  try {
    std::printf("instruction set: %s\n", shiftscope::name_of(shiftscope::instruction_set()));
  } catch (const std::exception& error) {
    std::printf("skipped: %s\n", error.what());
    return kSkipped;
  }
  print_devices();
  const auto& tests = shiftscope::test::tests();
  for (std::size_t i = part; i < tests.size(); i += parts) {
    const auto& test = tests[i];
    if (!without.empty() && std::string_view(test.name).starts_with(without)) continue;
    const std::size_t before = shiftscope::test::failures();
    const auto start = std::chrono::steady_clock::now();
    try {
      test.run();
    } catch (const std::exception& error) {
      shiftscope::test::check(false, error.what(), test.name, 0);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%s %s (%.1f s)\n", shiftscope::test::failures() == before ? "ok  " : "FAIL", test.name, seconds.count());
    std::fflush(stdout);
  }
  std::printf("%zu checks, %zu failures\n", shiftscope::test::checks(), shiftscope::test::failures());
  return shiftscope::test::failures() == 0 ? 0 : 1;
}
