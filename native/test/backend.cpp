#include "backend.h"

#include "../cuda/device.h"
#include "instruction_set.h"

namespace shiftscope {

#if defined(SHIFTSCOPE_TEST_CUDA)
namespace cuda {
std::vector<test::Backend> backends();
}
#endif
#if defined(SHIFTSCOPE_TEST_EMULATION)
namespace emulated_cuda {
std::vector<test::Backend> backends();
}
#endif

const std::vector<test::Backend>& test::device_backends() {
  static const std::vector<Backend> all = [] {
    std::vector<Backend> backends;
    const auto add = [&](std::vector<Backend> more) { backends.insert(backends.end(), more.begin(), more.end()); };
#if defined(SHIFTSCOPE_TEST_EMULATION)
    // The emulation hardly depends on the processor's instruction set, so one run of the tests is enough for it.
    if (!forced_instruction_set()) add(emulated_cuda::backends());
#endif
#if defined(SHIFTSCOPE_TEST_CUDA)
    add(cuda::backends());
#endif
    return backends;
  }();
  return all;
}

}  // namespace shiftscope
