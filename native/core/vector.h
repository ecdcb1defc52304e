#pragma once

// The vector types of the instruction set that a kernel file is being compiled for (SHIFTSCOPE_LEVEL_*).
//
// Kernel files are compiled with flags that the running processor may not support, and the linker keeps one copy of
// every inline function: one compiled for AVX-512 must never stand in for the baseline's. So kernel files include
// nothing of the C++ library that has inline functions, and everything here has internal linkage.

#include <cstddef>
#include <cstdint>

#if defined(SHIFTSCOPE_LEVEL_AVX512)
#define SHIFTSCOPE_LEVEL avx512
#include <immintrin.h>
#elif defined(SHIFTSCOPE_LEVEL_AVX2)
#define SHIFTSCOPE_LEVEL avx2
#include <immintrin.h>
#elif defined(SHIFTSCOPE_LEVEL_NEON)
#define SHIFTSCOPE_LEVEL neon
#include <arm_neon.h>
#else
#define SHIFTSCOPE_LEVEL baseline
#if defined(SHIFTSCOPE_X86)
#include <emmintrin.h>
#endif
#endif

#if defined(SHIFTSCOPE_X86)
#include <emmintrin.h>
#endif

#if defined(_MSC_VER)
#define SHIFTSCOPE_INLINE __forceinline
#define SHIFTSCOPE_INLINE_LAMBDA
#else
#define SHIFTSCOPE_INLINE inline __attribute__((always_inline))
#define SHIFTSCOPE_INLINE_LAMBDA __attribute__((always_inline))
#endif

namespace {

/// Number of partial sums of `Lanes`, the same on every instruction set so that sums agree to the last bit.
constexpr std::size_t kLanes = 8;

#if defined(SHIFTSCOPE_LEVEL_AVX512)

struct Floats {
  static constexpr std::size_t width = 16;
  __m512 v;
  static SHIFTSCOPE_INLINE Floats load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static SHIFTSCOPE_INLINE Floats fill(float x) { return {_mm512_set1_ps(x)}; }
  SHIFTSCOPE_INLINE void store(float* p) const { _mm512_store_ps(p, v); }
  SHIFTSCOPE_INLINE void stream(float* p) const { _mm512_stream_ps(p, v); }
  SHIFTSCOPE_INLINE Floats operator+(Floats o) const { return {_mm512_add_ps(v, o.v)}; }
  SHIFTSCOPE_INLINE Floats operator*(Floats o) const { return {_mm512_mul_ps(v, o.v)}; }
};

struct Lanes {
  __m512d v;
  static SHIFTSCOPE_INLINE Lanes zero() { return {_mm512_setzero_pd()}; }
  static SHIFTSCOPE_INLINE Lanes widen(const float* p) { return {_mm512_cvtps_pd(_mm256_loadu_ps(p))}; }
  static SHIFTSCOPE_INLINE Lanes load(const double* p) { return {_mm512_loadu_pd(p)}; }
  SHIFTSCOPE_INLINE void add_product(Lanes a, Lanes b) { v = _mm512_fmadd_pd(a.v, b.v, v); }
  SHIFTSCOPE_INLINE void store(double* p) const { _mm512_storeu_pd(p, v); }
};

#elif defined(SHIFTSCOPE_LEVEL_AVX2)

struct Floats {
  static constexpr std::size_t width = 8;
  __m256 v;
  static SHIFTSCOPE_INLINE Floats load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static SHIFTSCOPE_INLINE Floats fill(float x) { return {_mm256_set1_ps(x)}; }
  SHIFTSCOPE_INLINE void store(float* p) const { _mm256_store_ps(p, v); }
  SHIFTSCOPE_INLINE void stream(float* p) const { _mm256_stream_ps(p, v); }
  SHIFTSCOPE_INLINE Floats operator+(Floats o) const { return {_mm256_add_ps(v, o.v)}; }
  SHIFTSCOPE_INLINE Floats operator*(Floats o) const { return {_mm256_mul_ps(v, o.v)}; }
};

struct Lanes {
  __m256d low, high;
  static SHIFTSCOPE_INLINE Lanes zero() { return {_mm256_setzero_pd(), _mm256_setzero_pd()}; }
  static SHIFTSCOPE_INLINE Lanes widen(const float* p) {
    return {_mm256_cvtps_pd(_mm_loadu_ps(p)), _mm256_cvtps_pd(_mm_loadu_ps(p + 4))};
  }
  static SHIFTSCOPE_INLINE Lanes load(const double* p) { return {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)}; }
  SHIFTSCOPE_INLINE void add_product(Lanes a, Lanes b) {
    low = _mm256_fmadd_pd(a.low, b.low, low);
    high = _mm256_fmadd_pd(a.high, b.high, high);
  }
  SHIFTSCOPE_INLINE void store(double* p) const {
    _mm256_storeu_pd(p, low);
    _mm256_storeu_pd(p + 4, high);
  }
};

#elif defined(SHIFTSCOPE_LEVEL_NEON)

struct Floats {
  static constexpr std::size_t width = 4;
  float32x4_t v;
  static SHIFTSCOPE_INLINE Floats load(const float* p) { return {vld1q_f32(p)}; }
  static SHIFTSCOPE_INLINE Floats fill(float x) { return {vdupq_n_f32(x)}; }
  SHIFTSCOPE_INLINE void store(float* p) const { vst1q_f32(p, v); }
  // 64-bit ARM cores recognise long runs of stores and stop allocating cache lines for them by themselves.
  SHIFTSCOPE_INLINE void stream(float* p) const { vst1q_f32(p, v); }
  SHIFTSCOPE_INLINE Floats operator+(Floats o) const { return {vaddq_f32(v, o.v)}; }
  SHIFTSCOPE_INLINE Floats operator*(Floats o) const { return {vmulq_f32(v, o.v)}; }
};

struct Lanes {
  float64x2_t a, b, c, d;
  static SHIFTSCOPE_INLINE Lanes zero() {
    const float64x2_t z = vdupq_n_f64(0);
    return {z, z, z, z};
  }
  static SHIFTSCOPE_INLINE Lanes widen(const float* p) {
    const float32x4_t first = vld1q_f32(p), second = vld1q_f32(p + 4);
    return {vcvt_f64_f32(vget_low_f32(first)), vcvt_high_f64_f32(first), vcvt_f64_f32(vget_low_f32(second)),
            vcvt_high_f64_f32(second)};
  }
  static SHIFTSCOPE_INLINE Lanes load(const double* p) {
    return {vld1q_f64(p), vld1q_f64(p + 2), vld1q_f64(p + 4), vld1q_f64(p + 6)};
  }
  SHIFTSCOPE_INLINE void add_product(Lanes x, Lanes y) {
    a = vfmaq_f64(a, x.a, y.a);
    b = vfmaq_f64(b, x.b, y.b);
    c = vfmaq_f64(c, x.c, y.c);
    d = vfmaq_f64(d, x.d, y.d);
  }
  SHIFTSCOPE_INLINE void store(double* p) const {
    vst1q_f64(p, a);
    vst1q_f64(p + 2, b);
    vst1q_f64(p + 4, c);
    vst1q_f64(p + 6, d);
  }
};

#elif defined(SHIFTSCOPE_X86)

struct Floats {
  static constexpr std::size_t width = 4;
  __m128 v;
  static SHIFTSCOPE_INLINE Floats load(const float* p) { return {_mm_loadu_ps(p)}; }
  static SHIFTSCOPE_INLINE Floats fill(float x) { return {_mm_set1_ps(x)}; }
  SHIFTSCOPE_INLINE void store(float* p) const { _mm_store_ps(p, v); }
  SHIFTSCOPE_INLINE void stream(float* p) const { _mm_stream_ps(p, v); }
  SHIFTSCOPE_INLINE Floats operator+(Floats o) const { return {_mm_add_ps(v, o.v)}; }
  SHIFTSCOPE_INLINE Floats operator*(Floats o) const { return {_mm_mul_ps(v, o.v)}; }
};

struct Lanes {
  __m128d a, b, c, d;
  static SHIFTSCOPE_INLINE Lanes zero() {
    const __m128d z = _mm_setzero_pd();
    return {z, z, z, z};
  }
  static SHIFTSCOPE_INLINE Lanes widen(const float* p) {
    const __m128 first = _mm_loadu_ps(p), second = _mm_loadu_ps(p + 4);
    return {_mm_cvtps_pd(first), _mm_cvtps_pd(_mm_movehl_ps(first, first)), _mm_cvtps_pd(second),
            _mm_cvtps_pd(_mm_movehl_ps(second, second))};
  }
  static SHIFTSCOPE_INLINE Lanes load(const double* p) {
    return {_mm_loadu_pd(p), _mm_loadu_pd(p + 2), _mm_loadu_pd(p + 4), _mm_loadu_pd(p + 6)};
  }
  SHIFTSCOPE_INLINE void add_product(Lanes x, Lanes y) {
    a = _mm_add_pd(a, _mm_mul_pd(x.a, y.a));
    b = _mm_add_pd(b, _mm_mul_pd(x.b, y.b));
    c = _mm_add_pd(c, _mm_mul_pd(x.c, y.c));
    d = _mm_add_pd(d, _mm_mul_pd(x.d, y.d));
  }
  SHIFTSCOPE_INLINE void store(double* p) const {
    _mm_storeu_pd(p, a);
    _mm_storeu_pd(p + 2, b);
    _mm_storeu_pd(p + 4, c);
    _mm_storeu_pd(p + 6, d);
  }
};

#else

struct Floats {
  static constexpr std::size_t width = 1;
  float v;
  static SHIFTSCOPE_INLINE Floats load(const float* p) { return {*p}; }
  static SHIFTSCOPE_INLINE Floats fill(float x) { return {x}; }
  SHIFTSCOPE_INLINE void store(float* p) const { *p = v; }
  SHIFTSCOPE_INLINE void stream(float* p) const { *p = v; }
  SHIFTSCOPE_INLINE Floats operator+(Floats o) const { return {v + o.v}; }
  SHIFTSCOPE_INLINE Floats operator*(Floats o) const { return {v * o.v}; }
};

struct Lanes {
  double v[kLanes];
  static SHIFTSCOPE_INLINE Lanes zero() { return {}; }
  static SHIFTSCOPE_INLINE Lanes widen(const float* p) {
    Lanes out;
    for (std::size_t i = 0; i < kLanes; ++i) out.v[i] = p[i];
    return out;
  }
  static SHIFTSCOPE_INLINE Lanes load(const double* p) {
    Lanes out;
    for (std::size_t i = 0; i < kLanes; ++i) out.v[i] = p[i];
    return out;
  }
  SHIFTSCOPE_INLINE void add_product(const Lanes& a, const Lanes& b) {
    for (std::size_t i = 0; i < kLanes; ++i) v[i] += a.v[i] * b.v[i];
  }
  SHIFTSCOPE_INLINE void store(double* p) const {
    for (std::size_t i = 0; i < kLanes; ++i) p[i] = v[i];
  }
};

#endif

/// Stores one float, past the caches where the processor has such an instruction.
SHIFTSCOPE_INLINE void stream_scalar(float* p, float x) {
#if defined(SHIFTSCOPE_X86)
  _mm_stream_si32(reinterpret_cast<int*>(p), _mm_cvtsi128_si32(_mm_castps_si128(_mm_set_ss(x))));
#else
  *p = x;
#endif
}

/// Orders streamed stores before everything that follows.
SHIFTSCOPE_INLINE void finish_streaming() {
#if defined(SHIFTSCOPE_X86)
  _mm_sfence();
#endif
}

/// Writes out[i] = source.scalar(i) for i < count, whole vectors at aligned addresses. With Stream, every store goes
/// past the caches; neighbouring ends meet in one write-combining buffer.
template <bool Stream, class Source>
SHIFTSCOPE_INLINE void emit(float* out, std::size_t count, const Source& source) {
  const auto put = [&](std::size_t i) {
    if constexpr (Stream) {
      stream_scalar(out + i, source.scalar(i));
    } else {
      out[i] = source.scalar(i);
    }
  };
  constexpr std::size_t width = Floats::width;
  const std::size_t misalignment = reinterpret_cast<std::uintptr_t>(out) / sizeof(float) % width;
  std::size_t head = misalignment == 0 ? 0 : width - misalignment;
  if (head > count) head = count;
  std::size_t i = 0;
  for (; i < head; ++i) put(i);
  for (; i + width <= count; i += width) {
    if constexpr (Stream) {
      source.vector(i).stream(out + i);
    } else {
      source.vector(i).store(out + i);
    }
  }
  for (; i < count; ++i) put(i);
}

struct Fill {
  float value;
  SHIFTSCOPE_INLINE float scalar(std::size_t) const { return value; }
  SHIFTSCOPE_INLINE Floats vector(std::size_t) const { return Floats::fill(value); }
};

struct Copy {
  const float* from;
  SHIFTSCOPE_INLINE float scalar(std::size_t i) const { return from[i]; }
  SHIFTSCOPE_INLINE Floats vector(std::size_t i) const { return Floats::load(from + i); }
};

}  // namespace
