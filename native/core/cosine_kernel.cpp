#include "cosine_kernel.h"

#include "vector.h"

namespace shiftscope::SHIFTSCOPE_LEVEL {
namespace {

// Size of a tile, a block of sums that are computed together: kTileSums sums for each of kTileRows rows. All partial
// sums of a tile fit into the vector registers. An anchor (a feature to compare with) is read once for all rows of a
// tile. If it were read for each row, the bandwidth of the cache would be the limit.
#if defined(SHIFTSCOPE_LEVEL_AVX512)
constexpr std::size_t kTileRows = 4, kTileSums = 6;
#elif defined(SHIFTSCOPE_LEVEL_AVX2) || defined(SHIFTSCOPE_LEVEL_NEON)
constexpr std::size_t kTileRows = 2, kTileSums = 3;
#else
constexpr std::size_t kTileRows = 1, kTileSums = 3;
#endif

/// Every sum is split into this many partial sums. The number is the same on every instruction set, so that results
/// agree to the last bit. Whether a multiply-add is fused makes no difference, because a product of two float32 values
/// is exact in float64.
constexpr std::size_t kLanes = 8;
constexpr std::size_t kParts = kLanes / Doubles::width;
constexpr std::size_t kLineFloats = 16;

struct Problem {
  std::size_t dims, padded_dims, anchor_count;
  const float* anchors;
};

/// Adds the partial sums, in the same order on every instruction set.
SHIFTSCOPE_INLINE double total(const Doubles (&partial)[kParts]) {
  double v[kLanes];
  for (std::size_t part = 0; part < kParts; ++part) partial[part].store(v + part * Doubles::width);
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/// Computes the scalar products of `Rows` rows of features with `Anchors` anchors. If `Norm`, also computes the squared
/// norm of each row, which is the first of its sums.
/// sums: the sums of row r begin at sums[r * (1 + anchor_count)].
/// ahead: the next `Rows` rows of features. They are prefetched, because otherwise too few loads would be in flight to
/// keep the memory busy.
template <std::size_t Rows, std::size_t Anchors, bool Norm>
void tile(const Problem& problem, const float* features, const float* ahead, const float* anchors, double* sums) {
  constexpr std::size_t kSums = Anchors + (Norm ? 1 : 0);
  Doubles partial[Rows][kSums][kParts];
  for (auto& row : partial) {
    for (auto& sum : row) {
      for (Doubles& part : sum) part = Doubles::zero();
    }
  }
  // Loads only one vector register of each row at a time, so that most registers are free for the sums.
  const auto step = [&](const float* const* rows, std::size_t at) SHIFTSCOPE_INLINE_LAMBDA {
    for (std::size_t part = 0; part < kParts; ++part) {
      const std::size_t shift = part * Doubles::width;
      Doubles feature[Rows];
      for (std::size_t r = 0; r < Rows; ++r) feature[r] = Doubles::widen(rows[r] + shift);
      if constexpr (Norm) {
        for (std::size_t r = 0; r < Rows; ++r) partial[r][0][part].add_product(feature[r], feature[r]);
      }
      for (std::size_t a = 0; a < Anchors; ++a) {
        const Doubles anchor = Doubles::widen(anchors + a * problem.padded_dims + at + shift);
        for (std::size_t r = 0; r < Rows; ++r) partial[r][a + (Norm ? 1 : 0)][part].add_product(feature[r], anchor);
      }
    }
  };

  const float* rows[Rows];
  const std::size_t whole = problem.dims / kLanes * kLanes;
  for (std::size_t at = 0; at < whole; at += kLanes) {
    for (std::size_t r = 0; r < Rows; ++r) rows[r] = features + r * problem.dims + at;
    if constexpr (Norm) {
      for (std::size_t i = 0; i < Rows * kLanes; i += kLineFloats) prefetch(ahead + Rows * at + i);
    }
    step(rows, at);
  }
  if (whole < problem.dims) {
    float tail[Rows][kLanes] = {};
    for (std::size_t r = 0; r < Rows; ++r) {
      for (std::size_t i = whole; i < problem.dims; ++i) tail[r][i - whole] = features[r * problem.dims + i];
      rows[r] = tail[r];
    }
    step(rows, whole);
  }

  for (std::size_t r = 0; r < Rows; ++r) {
    for (std::size_t s = 0; s < kSums; ++s) sums[r * (1 + problem.anchor_count) + s] = total(partial[r][s]);
  }
}

/// Calls `tile` with a number of anchors that is known only at run time. It must be at most `Most`.
template <std::size_t Rows, std::size_t Most, bool Norm>
void tile_of(std::size_t anchor_count, const Problem& problem, const float* features, const float* ahead,
             const float* anchors, double* sums) {
  if constexpr (Most > 0) {
    if (anchor_count < Most) {
      tile_of<Rows, Most - 1, Norm>(anchor_count, problem, features, ahead, anchors, sums);
      return;
    }
  }
  tile<Rows, Most, Norm>(problem, features, ahead, anchors, sums);
}

template <std::size_t Rows>
void all_sums(const Problem& problem, const float* features, const float* ahead, double* sums) {
  constexpr std::size_t kFirst = kTileSums - 1;
  std::size_t done = problem.anchor_count < kFirst ? problem.anchor_count : kFirst;
  tile_of<Rows, kFirst, true>(done, problem, features, ahead, problem.anchors, sums);
  while (done < problem.anchor_count) {
    const std::size_t left = problem.anchor_count - done;
    const std::size_t count = left < kTileSums ? left : kTileSums;
    tile_of<Rows, kTileSums, false>(count, problem, features, ahead,
                                    problem.anchors + done * problem.padded_dims, sums + 1 + done);
    done += count;
  }
}

}  // namespace

void dot_products(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                  std::size_t anchor_count, std::size_t padded_dims, double* sums) {
  const Problem problem{dims, padded_dims, anchor_count, anchors};
  const std::size_t stride = 1 + anchor_count;
  std::size_t row = 0;
  for (; row + kTileRows <= rows; row += kTileRows) {
    const float* tile_features = features + row * dims;
    const bool last = row + 2 * kTileRows > rows;
    all_sums<kTileRows>(problem, tile_features, last ? tile_features : tile_features + kTileRows * dims,
                        sums + row * stride);
  }
  for (; row < rows; ++row) all_sums<1>(problem, features + row * dims, features + row * dims, sums + row * stride);
}

}  // namespace shiftscope::SHIFTSCOPE_LEVEL
