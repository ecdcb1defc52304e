#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace shiftscope {

/// Largest number of threads in one call of `for_each_piece`. No machine has so many cores. Without this limit, a wrong
/// value of `threads` could exhaust the memory.
constexpr std::size_t kMostWorkers = 1024;

/// Number of threads that `for_each_piece` uses. This is `threads`, unless there are fewer pieces. It is always between
/// 1 and kMostWorkers, so callers need not limit `threads` themselves.
inline std::size_t worker_count(std::size_t count, std::size_t piece, std::size_t threads) {
  const std::size_t pieces = count / piece + (count % piece != 0);
  return std::clamp<std::size_t>(std::min(threads, pieces), 1, kMostWorkers);
}

/// Splits [0, count) into pieces of length `piece` (the last may be shorter), and calls work(worker, begin, end) for
/// each, on up to `threads` threads. `worker` is the number of the thread, from 0 (the calling thread) to
/// worker_count(…) - 1.
/// A free thread takes the next piece, so results must not depend on which worker gets it. `work` must not throw.
template <class Work>
void for_each_piece(std::size_t count, std::size_t piece, std::size_t threads, const Work& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&](std::size_t worker) {
    for (std::size_t begin = next.fetch_add(piece); begin < count; begin = next.fetch_add(piece)) {
      work(worker, begin, std::min(begin + piece, count));
    }
  };
  const std::size_t workers = worker_count(count, piece, threads);
  std::vector<std::thread> helpers;
  try {
    for (std::size_t t = 1; t < workers; ++t) helpers.emplace_back(run, t);
  } catch (...) {
    // If the system cannot start more threads, those that run do all the work.
  }
  run(0);
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace shiftscope
