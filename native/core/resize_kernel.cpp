#include "resize_kernel.h"

#include "vector.h"

// Compilers vectorise these loops for each instruction set.
namespace shiftscope::SHIFTSCOPE_LEVEL {
namespace {

constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

}  // namespace

void resize_row(const std::uint8_t* row, const Taps& taps, const std::int32_t* weights, std::uint8_t* out) {
  constexpr std::size_t kLanes = 3 * kTapGroup;
  const std::size_t groups = (taps.width + kTapGroup - 1) / kTapGroup;
  for (std::size_t target = 0; target < taps.count; ++target) {
    const std::uint8_t* pixels = row + 3 * static_cast<std::size_t>(taps.first[target]);
    std::int32_t sums[kLanes] = {};
#if defined(SHIFTSCOPE_LEVEL_AVX2) || defined(SHIFTSCOPE_LEVEL_AVX512)
    // Compilers vectorise the wrong loop here.
    __m256i low = _mm256_setzero_si256();
    __m128i high = _mm_setzero_si128();
    for (std::size_t group = 0; group < groups; ++group, pixels += kLanes, weights += kLanes) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels));
      const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
      const __m128i last = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights + 8));
      low = _mm256_add_epi32(low, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(bytes), first));
      high = _mm_add_epi32(high, _mm_mullo_epi32(_mm_cvtepu8_epi32(_mm_srli_si128(bytes, 8)), last));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums), low);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 8), high);
#else
    for (std::size_t group = 0; group < groups; ++group, pixels += kLanes, weights += kLanes) {
      for (std::size_t i = 0; i < kLanes; ++i) sums[i] += weights[i] * pixels[i];
    }
#endif
    for (std::size_t c = 0; c < 3; ++c) {
      const std::int32_t sum = kHalf + sums[c] + sums[3 + c] + sums[6 + c] + sums[9 + c];
      out[3 * target + c] = static_cast<std::uint8_t>(sum >> kWeightBits);
    }
  }
}

void make_row(const std::uint8_t* rows, std::size_t length, const std::int32_t* weights, std::size_t width,
              std::int32_t* sums, std::uint8_t* out) {
  for (std::size_t i = 0; i < length; ++i) sums[i] = kHalf;
  for (std::size_t tap = 0; tap < width; ++tap, rows += length) {
    for (std::size_t i = 0; i < length; ++i) sums[i] += weights[tap] * rows[i];
  }
  for (std::size_t i = 0; i < length; ++i) out[i] = static_cast<std::uint8_t>(sums[i] >> kWeightBits);
}

}  // namespace shiftscope::SHIFTSCOPE_LEVEL
