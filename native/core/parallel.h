#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace shiftscope {

/// Most threads of one call. Machines have fewer cores, and further threads would only take memory.
constexpr std::size_t kMostWorkers = 1024;

/// The most workers that `for_each_piece` starts, from 1 to kMostWorkers: at most one per piece. Callers pass on the
/// number of threads that they were given; only this function limits it.
inline std::size_t worker_count(std::size_t count, std::size_t piece, std::size_t threads) {
  const std::size_t pieces = count / piece + (count % piece != 0);
  return std::clamp<std::size_t>(std::min(threads, pieces), 1, kMostWorkers);
}

/// Calls work(worker, begin, end) for the pieces of [0, count), each `piece` long except for the last, on up to
/// `threads` threads. The calling thread is worker 0; all workers are below worker_count(count, piece, threads). A free
/// thread takes the next piece, so results must not depend on which worker gets it. `work` must not throw.
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
    // The system starts no more threads; those that exist do the work.
  }
  run(0);
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace shiftscope
