#pragma once

// Vector types of the instruction set for which a kernel file is compiled (SHIFTSCOPE_LEVEL_*).
//
// Kernel files are compiled for instructions that the processor may not have. If several files contain the same inline
// function, the linker keeps only one copy, and an older processor could not run a copy that uses AVX-512. So kernel
// files include no header of the C++ library with inline functions, and everything here has internal linkage.

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
#endif

#if defined(SHIFTSCOPE_X86)
#include <emmintrin.h>
#endif

#if defined(_MSC_VER)
#define SHIFTSCOPE_INLINE __forceinline
#define SHIFTSCOPE_INLINE_LAMBDA
#define SHIFTSCOPE_NOINLINE __declspec(noinline)
#else
#define SHIFTSCOPE_INLINE inline __attribute__((always_inline))
#define SHIFTSCOPE_INLINE_LAMBDA __attribute__((always_inline))
#define SHIFTSCOPE_NOINLINE __attribute__((noinline))
#endif

namespace {

struct Single {
  static constexpr std::size_t width = 1;
  float v;
  static SHIFTSCOPE_INLINE Single load(const float* p) { return {*p}; }
  static SHIFTSCOPE_INLINE Single fill(float x) { return {x}; }
  SHIFTSCOPE_INLINE void store(float* p) const { *p = v; }
  SHIFTSCOPE_INLINE void stream(float* p) const {
#if defined(SHIFTSCOPE_X86)
    _mm_stream_si32(reinterpret_cast<int*>(p), _mm_cvtsi128_si32(_mm_castps_si128(_mm_set_ss(v))));
#else
    *p = v;
#endif
  }
  SHIFTSCOPE_INLINE Single operator+(Single o) const { return {v + o.v}; }
  SHIFTSCOPE_INLINE Single operator*(Single o) const { return {v * o.v}; }
  SHIFTSCOPE_INLINE void add_product(Single a, Single b) { v += a.v * b.v; }
};

#if defined(SHIFTSCOPE_X86)

/// The smallest vector that can be written past the caches at full speed. `emit` uses it near both ends of an array.
struct Quad {
  static constexpr std::size_t width = 4;
  __m128 v;
  static SHIFTSCOPE_INLINE Quad load(const float* p) { return {_mm_loadu_ps(p)}; }
  static SHIFTSCOPE_INLINE Quad fill(float x) { return {_mm_set1_ps(x)}; }
  SHIFTSCOPE_INLINE void store(float* p) const { _mm_store_ps(p, v); }
  SHIFTSCOPE_INLINE void stream(float* p) const { _mm_stream_ps(p, v); }
  SHIFTSCOPE_INLINE Quad operator+(Quad o) const { return {_mm_add_ps(v, o.v)}; }
  SHIFTSCOPE_INLINE Quad operator*(Quad o) const { return {_mm_mul_ps(v, o.v)}; }
  SHIFTSCOPE_INLINE void add_product(Quad a, Quad b) { v = _mm_add_ps(v, _mm_mul_ps(a.v, b.v)); }
};

#endif

#if defined(SHIFTSCOPE_X86)
SHIFTSCOPE_INLINE double total_of(__m128d v) { return _mm_cvtsd_f64(_mm_add_sd(v, _mm_unpackhi_pd(v, v))); }
#endif
#if defined(SHIFTSCOPE_LEVEL_AVX2) || defined(SHIFTSCOPE_LEVEL_AVX512)
SHIFTSCOPE_INLINE double total_of(__m256d v) {
  return total_of(_mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1)));
}
#endif

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
  SHIFTSCOPE_INLINE void add_product(Floats a, Floats b) { v = _mm512_fmadd_ps(a.v, b.v, v); }
};

struct Doubles {
  static constexpr std::size_t width = 8;
  __m512d v;
  static SHIFTSCOPE_INLINE Doubles zero() { return {_mm512_setzero_pd()}; }
  static SHIFTSCOPE_INLINE Doubles fill(double x) { return {_mm512_set1_pd(x)}; }
  static SHIFTSCOPE_INLINE Doubles load(const double* p) { return {_mm512_loadu_pd(p)}; }
  static SHIFTSCOPE_INLINE Doubles widen(const float* p) { return {_mm512_cvtps_pd(_mm256_loadu_ps(p))}; }
  SHIFTSCOPE_INLINE void add_product(Doubles a, Doubles b) { v = _mm512_fmadd_pd(a.v, b.v, v); }
  SHIFTSCOPE_INLINE void store(double* p) const { _mm512_storeu_pd(p, v); }
  SHIFTSCOPE_INLINE double total() const {
    return total_of(_mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1)));
  }
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
  SHIFTSCOPE_INLINE void add_product(Floats a, Floats b) { v = _mm256_fmadd_ps(a.v, b.v, v); }
};

struct Doubles {
  static constexpr std::size_t width = 4;
  __m256d v;
  static SHIFTSCOPE_INLINE Doubles zero() { return {_mm256_setzero_pd()}; }
  static SHIFTSCOPE_INLINE Doubles fill(double x) { return {_mm256_set1_pd(x)}; }
  static SHIFTSCOPE_INLINE Doubles load(const double* p) { return {_mm256_loadu_pd(p)}; }
  static SHIFTSCOPE_INLINE Doubles widen(const float* p) { return {_mm256_cvtps_pd(_mm_loadu_ps(p))}; }
  SHIFTSCOPE_INLINE void add_product(Doubles a, Doubles b) { v = _mm256_fmadd_pd(a.v, b.v, v); }
  SHIFTSCOPE_INLINE void store(double* p) const { _mm256_storeu_pd(p, v); }
  SHIFTSCOPE_INLINE double total() const { return total_of(v); }
};

#elif defined(SHIFTSCOPE_LEVEL_NEON)

struct Floats {
  static constexpr std::size_t width = 4;
  float32x4_t v;
  static SHIFTSCOPE_INLINE Floats load(const float* p) { return {vld1q_f32(p)}; }
  static SHIFTSCOPE_INLINE Floats fill(float x) { return {vdupq_n_f32(x)}; }
  SHIFTSCOPE_INLINE void store(float* p) const { vst1q_f32(p, v); }
  // No special instruction is needed: 64-bit ARM cores detect long runs of stores and then bypass the cache on their
  // own.
  SHIFTSCOPE_INLINE void stream(float* p) const { vst1q_f32(p, v); }
  SHIFTSCOPE_INLINE Floats operator+(Floats o) const { return {vaddq_f32(v, o.v)}; }
  SHIFTSCOPE_INLINE Floats operator*(Floats o) const { return {vmulq_f32(v, o.v)}; }
  SHIFTSCOPE_INLINE void add_product(Floats a, Floats b) { v = vfmaq_f32(v, a.v, b.v); }
};

struct Doubles {
  static constexpr std::size_t width = 2;
  float64x2_t v;
  static SHIFTSCOPE_INLINE Doubles zero() { return {vdupq_n_f64(0)}; }
  static SHIFTSCOPE_INLINE Doubles fill(double x) { return {vdupq_n_f64(x)}; }
  static SHIFTSCOPE_INLINE Doubles load(const double* p) { return {vld1q_f64(p)}; }
  static SHIFTSCOPE_INLINE Doubles widen(const float* p) { return {vcvt_f64_f32(vld1_f32(p))}; }
  SHIFTSCOPE_INLINE void add_product(Doubles a, Doubles b) { v = vfmaq_f64(v, a.v, b.v); }
  SHIFTSCOPE_INLINE void store(double* p) const { vst1q_f64(p, v); }
  SHIFTSCOPE_INLINE double total() const { return vaddvq_f64(v); }
};

#elif defined(SHIFTSCOPE_X86)

using Floats = Quad;

struct Doubles {
  static constexpr std::size_t width = 2;
  __m128d v;
  static SHIFTSCOPE_INLINE Doubles zero() { return {_mm_setzero_pd()}; }
  static SHIFTSCOPE_INLINE Doubles fill(double x) { return {_mm_set1_pd(x)}; }
  static SHIFTSCOPE_INLINE Doubles load(const double* p) { return {_mm_loadu_pd(p)}; }
  static SHIFTSCOPE_INLINE Doubles widen(const float* p) {
    return {_mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))))};
  }
  SHIFTSCOPE_INLINE void add_product(Doubles a, Doubles b) { v = _mm_add_pd(v, _mm_mul_pd(a.v, b.v)); }
  SHIFTSCOPE_INLINE void store(double* p) const { _mm_storeu_pd(p, v); }
  SHIFTSCOPE_INLINE double total() const { return total_of(v); }
};

#else

using Floats = Single;

struct Doubles {
  static constexpr std::size_t width = 1;
  double v;
  static SHIFTSCOPE_INLINE Doubles zero() { return {0}; }
  static SHIFTSCOPE_INLINE Doubles fill(double x) { return {x}; }
  static SHIFTSCOPE_INLINE Doubles load(const double* p) { return {*p}; }
  static SHIFTSCOPE_INLINE Doubles widen(const float* p) { return {*p}; }
  SHIFTSCOPE_INLINE void add_product(Doubles a, Doubles b) { v += a.v * b.v; }
  SHIFTSCOPE_INLINE void store(double* p) const { *p = v; }
  SHIFTSCOPE_INLINE double total() const { return v; }
};

#endif

#if !defined(SHIFTSCOPE_X86)
using Quad = Floats;
#endif

template <std::size_t Value>
struct Constant {
  constexpr operator std::size_t() const { return Value; }
};

/// Calls work(0) … work(Count - 1) without a loop. If `work` uses these constants to index an array, the compiler can
/// keep the array in registers, even if it would not unroll a loop.
template <std::size_t Count, std::size_t First = 0, class Work>
SHIFTSCOPE_INLINE void unroll(const Work& work) {
  if constexpr (First < Count) {
    work(Constant<First>{});
    unroll<Count, First + 1>(work);
  }
}

/// Forces x into a register. Otherwise, compilers read the value from memory again in each instruction that uses it.
SHIFTSCOPE_INLINE Doubles in_register(Doubles x) {
#if defined(__GNUC__) && defined(SHIFTSCOPE_LEVEL_AVX512)
  asm("" : "+v"(x.v));
#elif defined(__GNUC__) && defined(SHIFTSCOPE_X86)
  asm("" : "+x"(x.v));
#endif
  return x;
}

SHIFTSCOPE_INLINE std::size_t least(std::size_t a, std::size_t b) { return a < b ? a : b; }

/// Prefetches the cache line at p. The address need not be aligned or valid.
SHIFTSCOPE_INLINE void prefetch(const void* p) {
#if defined(SHIFTSCOPE_X86)
  _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0);
#elif defined(__GNUC__)
  __builtin_prefetch(p);
#else
  (void)p;
#endif
}

/// Completes all streamed stores (those past the caches) before any later store.
SHIFTSCOPE_INLINE void finish_streaming() {
#if defined(SHIFTSCOPE_X86)
  _mm_sfence();
#endif
}

/// Writes vectors source.at<V>(i) to out + i, one after the other, as long as a whole vector fits before `end`. Returns
/// the first index that is not written.
template <bool Stream, class V, class Source>
SHIFTSCOPE_INLINE std::size_t emit_run(float* out, std::size_t i, std::size_t end, const Source& source) {
  for (; i + V::width <= end; i += V::width) {
    const V value = source.template at<V>(i);
    if constexpr (Stream) {
      value.stream(out + i);
    } else {
      value.store(out + i);
    }
  }
  return i;
}

/// Number of floats from p to the next address that is aligned for V, at most `count`.
template <class V>
SHIFTSCOPE_INLINE std::size_t floats_to_alignment(const float* p, std::size_t count) {
  const std::size_t misalignment = reinterpret_cast<std::uintptr_t>(p) / sizeof(float) % V::width;
  const std::size_t floats = misalignment == 0 ? 0 : V::width - misalignment;
  return floats < count ? floats : count;
}

/// Writes source.at(i) to out[i] for all i < count, with the widest aligned stores. If `Stream` is true, all stores
/// bypass the caches, even the narrow ones at both ends. The processor can then combine narrow stores of two
/// neighbouring arrays into one write.
template <bool Stream, class Source>
SHIFTSCOPE_INLINE void emit(float* out, std::size_t count, const Source& source) {
  std::size_t i = emit_run<Stream, Single>(out, 0, floats_to_alignment<Quad>(out, count), source);
  i = emit_run<Stream, Quad>(out, i, floats_to_alignment<Floats>(out, count), source);
  i = emit_run<Stream, Floats>(out, i, count, source);
  i = emit_run<Stream, Quad>(out, i, count, source);
  emit_run<Stream, Single>(out, i, count, source);
}

struct Fill {
  float value;
  template <class V>
  SHIFTSCOPE_INLINE V at(std::size_t) const {
    return V::fill(value);
  }
};

struct Copy {
  const float* from;
  template <class V>
  SHIFTSCOPE_INLINE V at(std::size_t i) const {
    return V::load(from + i);
  }
};

}  // namespace
