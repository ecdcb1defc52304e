#pragma once

#include <cstddef>
#include <cstdint>

#include "levels.h"

namespace shiftscope {

/// Number of fraction bits of a weight.
constexpr int kWeightBits = 22;

/// The source pixels that make each target pixel along one axis: `width` consecutive ones, beginning with first[i].
struct Taps {
  std::size_t count;            ///< number of target pixels
  std::size_t width;
  const std::int32_t* first;    ///< [count]
  const std::int32_t* weights;  ///< [count, width], fixed-point numbers with kWeightBits fraction bits; their sum is 1
};

/// Number of taps that `resize_row` computes at a time.
constexpr std::size_t kTapGroup = 4;

/// Number of bytes after a row that `resize_row` may read.
constexpr std::size_t kReadBeyond = 16;

/// Resizes a row, [cols, 3], to [taps.count, 3].
/// weights: those of `taps` as [count, groups, kTapGroup, 3], each one three times, and 0 after the last tap of a target.
SHIFTSCOPE_DECLARE_LEVELS(void resize_row(const std::uint8_t* row, const Taps& taps, const std::int32_t* weights,
                                          std::uint8_t* out))

/// Makes one row of `length` values from `width` rows, [width, length]. sums: memory for `length` sums.
SHIFTSCOPE_DECLARE_LEVELS(void make_row(const std::uint8_t* rows, std::size_t length, const std::int32_t* weights,
                                        std::size_t width, std::int32_t* sums, std::uint8_t* out))

}  // namespace shiftscope
