#include "parallel.h"

#include <limits>

#include "check.h"

using namespace shiftscope;

namespace {

constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max();

}  // namespace

TEST(workers_are_at_least_one_and_no_more_than_pieces_and_the_limit) {
  CHECK(worker_count(0, 64, 8) == 1);
  CHECK(worker_count(64, 64, 8) == 1);
  CHECK(worker_count(65, 64, 8) == 2);
  CHECK(worker_count(1000, 64, 8) == 8);
  CHECK(worker_count(1000, 64, kHuge) == 16);
  CHECK(worker_count(1000, 64, 0) == 1);
  CHECK(worker_count(kHuge, 64, kHuge) == kMostWorkers);
  CHECK(worker_count(kHuge, kHuge, kHuge) == 1);
}

TEST(every_piece_is_worked_on_once_by_a_worker_that_counts) {
  for (std::size_t threads : {std::size_t{1}, std::size_t{3}, kHuge}) {
    std::vector<int> visits(1003);
    std::atomic<std::size_t> most{0};
    for_each_piece(visits.size(), 10, threads, [&](std::size_t worker, std::size_t begin, std::size_t end) {
      for (std::size_t seen = most; seen < worker && !most.compare_exchange_weak(seen, worker);) {
      }
      for (std::size_t i = begin; i < end; ++i) ++visits[i];
    });
    CHECK(most < worker_count(visits.size(), 10, threads));
    CHECK(std::count(visits.begin(), visits.end(), 1) == 1003);
  }
}
