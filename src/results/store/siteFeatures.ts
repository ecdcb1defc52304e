/** Largest number of feature bytes per file, before base64. A browser loads a file of this size within a moment. */
const PART_BYTES = 12 * 1024 * 1024

/** Number of bytes of a layer's features in the page's files, as int16 in base64. */
export function siteFeatureBytes(positions: number, dims: number): number {
  const perPart = positionsPerPart(dims)
  const base64 = (rows: number) => 4 * Math.ceil((rows * dims * Int16Array.BYTES_PER_ELEMENT) / 3)
  return Math.floor(positions / perPart) * base64(perPart) + base64(positions % perPart)
}

/** Number of positions whose features one file of the page has. */
export function positionsPerPart(dims: number): number {
  return Math.max(1, Math.floor(PART_BYTES / (dims * Int16Array.BYTES_PER_ELEMENT)))
}
