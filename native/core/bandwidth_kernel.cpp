#include "bandwidth_kernel.h"

#include "vector.h"

namespace shiftscope::SHIFTSCOPE_LEVEL {

void fill(float* out, std::size_t count, float value, bool stream) {
  if (stream) {
    emit<true>(out, count, Fill{value});
    finish_streaming();
  } else {
    emit<false>(out, count, Fill{value});
  }
}

float read_all(const float* in, std::size_t count) {
  constexpr std::size_t kSums = 8, kStep = kSums * Floats::width;
  Floats sums[kSums];
  for (Floats& sum : sums) sum = Floats::fill(0);
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    for (std::size_t s = 0; s < kSums; ++s) sums[s] = sums[s] + Floats::load(in + i + s * Floats::width);
  }
  for (std::size_t s = 1; s < kSums; ++s) sums[0] = sums[0] + sums[s];
  alignas(64) float parts[Floats::width];
  sums[0].store(parts);
  float total = 0;
  for (float part : parts) total += part;
  for (; i < count; ++i) total += in[i];
  return total;
}

}  // namespace shiftscope::SHIFTSCOPE_LEVEL
