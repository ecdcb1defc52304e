#include "cosine_kernel.h"

#include "vector.h"

namespace shiftscope::SHIFTSCOPE_LEVEL {
namespace {

// A tile is kTileRows rows times kTileSums sums, one vector of partial sums each, all of which fit the vector registers:
// a row's squared norm and its products with five anchors, then those with six more at a time.
#if defined(SHIFTSCOPE_LEVEL_AVX512) || defined(SHIFTSCOPE_LEVEL_NEON)
constexpr std::size_t kTileRows = 4;
#else
constexpr std::size_t kTileRows = 2;
#endif
constexpr std::size_t kTileSums = 6;

constexpr std::size_t kLanes = kCosineLanes;
constexpr std::size_t kParts = kLanes / Doubles::width;
constexpr std::size_t kLineFloats = 16;

/// As many dims at a time that five anchors stay in the first-level cache while the rows of a block go by. Fewer make the
/// partial sums, which are kept in memory meanwhile, come and go too often.
constexpr std::size_t kPanelDims = 512;
constexpr std::size_t kBlockRows = 64;

/// How far ahead of the arithmetic rows are fetched: arithmetic alone leaves the processor too few loads in flight to keep
/// the memory busy.
constexpr std::size_t kAheadRows = 8;

/// The partial sums of a block's rows.
using Partial = CosineLanes[kTileSums];

/// Adds the products of `count` dims, a multiple of 8, of Rows rows with Anchors anchors, after their squares if Norm, to the
/// partial sums, which are nothing yet if fresh.
/// ahead: the first of as many rows that will be read soon.
/// One vector of the eight lanes after the other, so that the registers hold one of the sums of many rows and anchors. Never
/// inline: in the middle of other code compilers keep sums in memory.
template <std::size_t Rows, std::size_t Anchors, bool Norm>
SHIFTSCOPE_NOINLINE void tile(const float* features, std::size_t row_stride, std::size_t count, const CosineLanes* anchors,
                              std::size_t anchor_stride, const float* ahead, bool fresh, Partial* partial) {
  constexpr std::size_t kFirst = Norm ? 1 : 0, kSums = kFirst + Anchors;
  for (std::size_t part = 0; part < kParts; ++part) {
    const std::size_t shift = part * Doubles::width;
    Doubles sums[Rows][kSums];
    unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA {
      unroll<kSums>([&](auto s) SHIFTSCOPE_INLINE_LAMBDA {
        sums[r][s] = fresh ? Doubles::zero() : Doubles::load(partial[r][s].values + shift);
      });
    });
    const float* x = features + shift;
    const CosineLanes* y = anchors;
    const float* next = ahead + part * count / kParts;
    for (std::size_t at = 0; at < count; at += kLanes, y += anchor_stride) {
      if constexpr (Norm) {
        if (at % (kParts * kLineFloats) == 0) {
          unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA { prefetch(next + r * row_stride + at / kParts); });
        }
      }
      Doubles feature[Rows];
      unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA { feature[r] = Doubles::widen(x + r * row_stride + at); });
      unroll<Anchors>([&](auto a) SHIFTSCOPE_INLINE_LAMBDA {
        const Doubles anchor = in_register(Doubles::load(y[a].values + shift));
        unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA { sums[r][kFirst + a].add_product(feature[r], anchor); });
      });
      if constexpr (Norm) {
        unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA { sums[r][0].add_product(feature[r], feature[r]); });
      }
    }
    unroll<Rows>([&](auto r) SHIFTSCOPE_INLINE_LAMBDA {
      unroll<kSums>([&](auto s) SHIFTSCOPE_INLINE_LAMBDA { sums[r][s].store(partial[r][s].values + shift); });
    });
  }
}

using Tile = decltype(&tile<1, 1, true>);

/// `tile` for a number of anchors that is known at run time: at most 5 beside the norm, otherwise 1 to 6.
template <std::size_t Rows>
Tile tile_of(std::size_t anchors, bool norm) {
  constexpr Tile kWithNorm[] = {tile<Rows, 0, true>, tile<Rows, 1, true>, tile<Rows, 2, true>,
                                tile<Rows, 3, true>, tile<Rows, 4, true>, tile<Rows, 5, true>};
  constexpr Tile kWithout[] = {tile<Rows, 1, false>, tile<Rows, 2, false>, tile<Rows, 3, false>,
                               tile<Rows, 4, false>, tile<Rows, 5, false>, tile<Rows, 6, false>};
  return norm ? kWithNorm[anchors] : kWithout[anchors - 1];
}

/// The sum of the partial sums, in an order that every instruction set keeps.
SHIFTSCOPE_INLINE double total(const CosineLanes& partial) {
  CosineLanes lanes = partial;
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) lanes.values[i] += lanes.values[i + half];
  }
  return lanes.values[0];
}

/// Consecutive rows, kBlockRows at most, and the first of those that come after them, which may be the same.
struct Block {
  const float* features;
  std::size_t rows, dims;
  const float* following;
};

/// Anchors that fit a tile, beside the norm or not: `count` of the anchor_count that lie together.
struct Group {
  const CosineLanes* anchors;
  std::size_t count, anchor_count;
  bool norm;
};

/// sums[s · sum_stride + r] for the rows of the block and the sums of the group.
void block_sums(const Block& block, const Group& group, double* sums, std::size_t sum_stride) {
  Partial partial[kBlockRows];
  const std::size_t count = group.count + (group.norm ? 1 : 0);
  const Tile several = tile_of<kTileRows>(group.count, group.norm), one = tile_of<1>(group.count, group.norm);
  const std::size_t whole = block.dims / kLanes * kLanes;
  const std::size_t tiled = block.rows / kTileRows * kTileRows;
  for (std::size_t at = 0; at < whole; at += kPanelDims) {
    const std::size_t width = least(kPanelDims, whole - at);
    const float* panel = block.features + at;
    const float* next = at + width < whole ? panel + width : block.following;
    const CosineLanes* anchors = group.anchors + at / kLanes * group.anchor_count;
    for (std::size_t row = 0; row < tiled; row += kTileRows) {
      const std::size_t later = row + kAheadRows;
      const float* ahead = later < tiled ? panel + later * block.dims : next + (later - tiled) * block.dims;
      several(panel + row * block.dims, block.dims, width, anchors, group.anchor_count, ahead, at == 0, partial + row);
    }
    for (std::size_t row = tiled; row < block.rows; ++row) {
      const float* features = panel + row * block.dims;
      one(features, block.dims, width, anchors, group.anchor_count, features, at == 0, partial + row);
    }
  }
  if (whole < block.dims) {
    const CosineLanes* anchors = group.anchors + whole / kLanes * group.anchor_count;
    for (std::size_t row = 0; row < block.rows; ++row) {
      float tail[kLanes] = {};
      for (std::size_t i = whole; i < block.dims; ++i) tail[i - whole] = block.features[row * block.dims + i];
      one(tail, kLanes, kLanes, anchors, group.anchor_count, tail, whole == 0, partial + row);
    }
  }
  for (std::size_t row = 0; row < block.rows; ++row) {
    for (std::size_t s = 0; s < count; ++s) sums[s * sum_stride + row] = total(partial[row][s]);
  }
}

}  // namespace

void dot_products(const float* features, std::size_t rows, std::size_t dims, const CosineLanes* anchors,
                  std::size_t anchor_count, double* sums) {
  for (std::size_t row = 0; row < rows; row += kBlockRows) {
    const float* first = features + row * dims;
    const bool last = row + kBlockRows >= rows;
    const Block block{first, last ? rows - row : kBlockRows, dims, last ? first : first + kBlockRows * dims};
    std::size_t done = least(kTileSums - 1, anchor_count);
    block_sums(block, {anchors, done, anchor_count, true}, sums + row, rows);
    while (done < anchor_count) {
      const std::size_t count = least(kTileSums, anchor_count - done);
      block_sums(block, {anchors + done, count, anchor_count, false}, sums + (1 + done) * rows + row, rows);
      done += count;
    }
  }
}

}  // namespace shiftscope::SHIFTSCOPE_LEVEL
