#pragma once

#include <cstddef>
#include <cstdint>

#include "instruction_set.h"
#include "resize_kernel.h"

/// Resizes pictures as Pillow does: with fixed-point weights, first each row, then each column. Both results are rounded
/// to bytes.
namespace shiftscope {

/// Lays a picture on white and resizes it. Every instruction set gives the same bits.
/// pixels: [rows, cols, channels], RGB or RGBA. out: RGBA [of_rows.count, of_cols.count, 4], opaque. All taps must be
/// inside the picture, and `first` must not decrease.
void resize_on_white(const std::uint8_t* pixels, std::size_t cols, std::size_t channels, const Taps& of_rows,
                     const Taps& of_cols, std::uint8_t* out, InstructionSet level = instruction_set());

/// Does the same, one value at a time. Tests compare the kernels with it.
void resize_reference(const std::uint8_t* pixels, std::size_t cols, std::size_t channels, const Taps& of_rows,
                      const Taps& of_cols, std::uint8_t* out);

}  // namespace shiftscope
