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

/// Resizes a row, [cols, 4], to [taps.count, 4].
SHIFTSCOPE_DECLARE_LEVELS(void resize_row(const std::uint8_t* row, const Taps& taps, std::uint8_t* out))

/// Makes one row of `length` values from `width` rows, [width, length]. sums: memory for `length` sums.
SHIFTSCOPE_DECLARE_LEVELS(void make_row(const std::uint8_t* rows, std::size_t length, const std::int32_t* weights,
                                        std::size_t width, std::int32_t* sums, std::uint8_t* out))

}  // namespace shiftscope
