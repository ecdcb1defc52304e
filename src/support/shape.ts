export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}
