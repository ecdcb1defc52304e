#include <cstdio>
#include <exception>

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

int main() {
  try {
    std::printf("instruction set: %s\n", shiftscope::name_of(shiftscope::instruction_set()));
  } catch (const std::exception& error) {
    std::printf("skipped: %s\n", error.what());
    return kSkipped;
  }
  print_devices();
  for (const auto& test : shiftscope::test::tests()) {
    const std::size_t before = shiftscope::test::failures();
    try {
      test.run();
    } catch (const std::exception& error) {
      shiftscope::test::check(false, error.what(), test.name, 0);
    }
    std::printf("%s %s\n", shiftscope::test::failures() == before ? "ok  " : "FAIL", test.name);
  }
  std::printf("%zu checks, %zu failures\n", shiftscope::test::checks(), shiftscope::test::failures());
  return shiftscope::test::failures() == 0 ? 0 : 1;
}
