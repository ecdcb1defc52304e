#include "bandwidth.h"

#include <chrono>
#include <cstring>
#include <vector>

#include "bandwidth_kernel.h"
#include "parallel.h"

namespace shiftscope {
namespace {

using FillKernel = void (*)(float*, std::size_t, float, bool);
using ReadAll = float (*)(const float*, std::size_t);
constexpr FillKernel kFill[] = SHIFTSCOPE_LEVEL_TABLE(fill);
constexpr ReadAll kReadAll[] = SHIFTSCOPE_LEVEL_TABLE(read_all);

/// Bytes per second of work(begin, end, thread), run once over [0, count) floats in equal shares of worker_count threads.
template <class Work>
double rate(std::size_t count, std::size_t threads, const Work& work) {
  if (count == 0) return 0;
  const std::size_t workers = worker_count(count, 1, threads);
  const std::size_t share = (count + workers - 1) / workers;
  const auto start = std::chrono::steady_clock::now();
  for_each_piece(count, share, workers, [&](std::size_t, std::size_t begin, std::size_t end) {
    work(begin, end, begin / share);
  });
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  return static_cast<double>(count * sizeof(float)) / elapsed.count();
}

#if defined(SHIFTSCOPE_X86) && defined(__GNUC__)

constexpr bool kHasStringStore = true;

// Not zero: some processors clear whole lines at twice the speed at which they can write anything else.
void string_store(void* out, std::size_t bytes) {
  asm volatile("rep stosb" : "+D"(out), "+c"(bytes) : "a"(1) : "memory");
}

#else

constexpr bool kHasStringStore = false;

void string_store(void*, std::size_t) {}

#endif

}  // namespace

WriteBandwidth write_bandwidth(void* buffer, std::size_t bytes, std::size_t threads, InstructionSet level) {
  float* out = static_cast<float*>(buffer);
  const std::size_t count = bytes / sizeof(float);
  const FillKernel fill = kFill[static_cast<int>(level)];
  WriteBandwidth result;
  result.fill = rate(count, threads, [&](auto begin, auto end, auto) { fill(out + begin, end - begin, 1.0f, false); });
  result.memset = rate(count, threads, [&](auto begin, auto end, auto) {
    std::memset(out + begin, 1, (end - begin) * sizeof(float));
  });
  if (kHasStringStore) {
    result.string = rate(count, threads, [&](auto begin, auto end, auto) {
      string_store(out + begin, (end - begin) * sizeof(float));
    });
  }
  result.stream = rate(count, threads, [&](auto begin, auto end, auto) { fill(out + begin, end - begin, 1.0f, true); });
  return result;
}

double read_bandwidth(const void* buffer, std::size_t bytes, std::size_t threads, InstructionSet level) {
  const float* in = static_cast<const float*>(buffer);
  const ReadAll read_all = kReadAll[static_cast<int>(level)];
  const std::size_t count = bytes / sizeof(float);
  std::vector<float> results(worker_count(count, 1, threads));
  return rate(count, threads, [&](auto begin, auto end, auto thread) {
    results[thread] = read_all(in + begin, end - begin);
  });
}

}  // namespace shiftscope
