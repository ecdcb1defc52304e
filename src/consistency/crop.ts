import { emptyFrame } from '../engine/scene.js'
import type { Image } from '../patches/image.js'

/** Cuts a frame out of a photograph: the frame's first pixel is at row `top` and column `left`. */
export function cropped(
  { cols, data }: Image,
  frame: number,
  top: number,
  left: number,
  crop = emptyFrame(frame),
): Uint8Array {
  for (let row = 0; row < frame; row++) {
    const start = ((top + row) * cols + left) * 3
    crop.set(data.subarray(start, start + frame * 3), row * frame * 3)
  }
  return crop
}

export function centreOf(photograph: Image, frame: number): Uint8Array {
  const margin = Math.floor((photograph.rows - frame) / 2)
  return cropped(photograph, frame, margin, margin)
}
