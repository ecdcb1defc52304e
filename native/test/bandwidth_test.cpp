#include "bandwidth.h"

#include <vector>

#include "check.h"

using namespace shiftscope;

TEST(bandwidth_is_measured_on_the_whole_buffer) {
  for (InstructionSet level : available_instruction_sets()) {
    for (std::size_t threads : {1, 3}) {
      std::vector<float> buffer(10007, 5.0f);
      const WriteBandwidth write = write_bandwidth(buffer.data(), buffer.size() * sizeof(float), threads, level);
      CHECK(write.fill > 0 && write.memset > 0 && write.stream > 0 && write.string >= 0);
      std::size_t missed = 0;
      for (float value : buffer) missed += value != 1.0f;
      CHECK(missed == 0);
      CHECK(read_bandwidth(buffer.data(), buffer.size() * sizeof(float), threads, level) > 0);
    }
  }
}

TEST(an_empty_buffer_has_no_bandwidth) {
  CHECK(read_bandwidth(nullptr, 0, 2) == 0);
  CHECK(write_bandwidth(nullptr, 0, 2).stream == 0);
}
