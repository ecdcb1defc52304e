/** A rectangle of the frame, in pixels. */
export type Box = readonly [left: number, top: number, right: number, bottom: number]

/** Intersection over union. */
export function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (width <= 0 || height <= 0) return 0
  const shared = width * height
  return shared / (areaOf(a) + areaOf(b) - shared)
}

function areaOf([left, top, right, bottom]: Box): number {
  return (right - left) * (bottom - top)
}
