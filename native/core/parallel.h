#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace shiftscope {

/// Threads of one call at most: beyond what machines have, more of them only take memory.
constexpr std::size_t kMostWorkers = 1024;

/// How many workers `for_each_piece` has at most, from 1 to kMostWorkers: none would be without a piece. Callers pass
/// on what they were given; how many threads really run is decided here alone.
inline std::size_t worker_count(std::size_t count, std::size_t piece, std::size_t threads) {
  const std::size_t pieces = count / piece + (count % piece != 0);
  return std::clamp<std::size_t>(std::min(threads, pieces), 1, kMostWorkers);
}

/// Calls work(worker, begin, end) for the pieces of [0, count), `piece` long except for the last, on up to `threads`
/// threads, the calling one included, which is worker 0; all are below worker_count(count, piece, threads). Pieces are
/// handed out as threads become free: results must not depend on who does what. `work` must not throw.
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
    // The system gives no more threads: those that exist do the work.
  }
  run(0);
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace shiftscope
