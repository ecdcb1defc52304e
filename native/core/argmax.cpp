#include "argmax.h"

#include <limits>

#include "parallel.h"

namespace shiftscope {
namespace {

constexpr std::size_t kPieceRows = 64;

/// A row is split into this many lanes, each with a maximum of its own. So the compiler can use vector instructions,
/// and the speed is limited only by reading the row from memory.
constexpr std::size_t kLanes = 32;

constexpr float kLowest = -std::numeric_limits<float>::infinity();

/// Returns the larger number, or `most` if `value` is NaN, because every comparison with NaN is false.
float larger(float value, float most) { return value > most ? value : most; }

float largest(const float* row, std::size_t dims) {
  float lanes[kLanes];
  for (float& lane : lanes) lane = kLowest;
  const std::size_t whole = dims / kLanes * kLanes;
  for (std::size_t at = 0; at < whole; at += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = larger(row[at + lane], lanes[lane]);
  }
  float most = kLowest;
  for (float lane : lanes) most = larger(lane, most);
  for (std::size_t at = whole; at < dims; ++at) most = larger(row[at], most);
  return most;
}

std::int32_t first_largest(const float* row, std::size_t dims) {
  const float most = largest(row, dims);
  if (most == kLowest) return 0;
  // If another thread changes the row during the search, it may no longer contain `most`. So the search must stop at
  // the end of the row.
  std::size_t at = 0;
  while (at + 1 < dims && row[at] != most) ++at;
  return static_cast<std::int32_t>(at);
}

}  // namespace

void argmax(const float* features, std::size_t rows, std::size_t dims, std::size_t threads, std::int32_t* out) {
  for_each_piece(rows, kPieceRows, threads, [&](std::size_t, std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) out[row] = first_largest(features + row * dims, dims);
  });
}

}  // namespace shiftscope
