#pragma once

#include <cstddef>

#include "instruction_set.h"

/// Moves pictures by parts of a pixel.
namespace shiftscope {

/// How far a picture moves down and to the right, in pixels.
struct Movement {
  /// Circular shift with ideal interpolation: each row or column is a sum of cosines, and the phase of each cosine is
  /// shifted. If the side is even, the highest frequency cannot be shifted. It is multiplied by cos(pi * shift) instead.
  /// Source: `subpixel_shift` in Michaeli et al. 2023.
  double rows, cols;
  /// Then adds the derivative of a bilinear shift, times the distance: step * (next pixel - this pixel) along each axis.
  /// The picture is mirrored at its edge. Source: `translate` in Gruver et al. 2023 (lie-deriv).
  double row_step, col_step;
};

/// Draws one picture once per movement.
///
/// A circular shift is a product with a circulant matrix. If the side is even, this matrix has the form [[S, T], [T, S]].
/// It is then replaced by two matrices of half the side, S + T for the sum of both halves of the picture, and S - T for
/// their difference. This halves the number of multiplications. Consecutive movements with equal `rows` share the
/// product along the rows. Weights are computed in float64, products in float32. They differ between instruction sets in
/// the last bits.
///
/// picture: [channels, rows, cols], rows and cols at least 2. out: [count, channels, rows, cols]. It must not overlap the
/// picture. The movements must be finite.
void move_picture(const float* picture, std::size_t channels, std::size_t rows, std::size_t cols,
                  const Movement* movements, std::size_t count, float* out, InstructionSet level = instruction_set());

/// Does the same as `move_picture` by its definition, in float64. Tests compare the kernels with it.
void move_picture_reference(const float* picture, std::size_t channels, std::size_t rows, std::size_t cols,
                            const Movement* movements, std::size_t count, float* out);

}  // namespace shiftscope
