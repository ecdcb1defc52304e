export function mean(values: ArrayLike<number>): number {
  return sum(values) / values.length
}

/** Mean and population standard deviation. */
export function meanAndStd(values: readonly number[]): { mean: number; std: number } {
  return { mean: mean(values), std: Math.sqrt(squares(values) / values.length) }
}

/** Mean and its standard error, from the sample standard deviation; null for fewer than two values. */
export function meanAndError(values: readonly number[]): { mean: number; standardError: number | null } {
  const count = values.length
  return { mean: mean(values), standardError: count < 2 ? null : Math.sqrt(squares(values) / (count - 1) / count) }
}

/** Sum of the squared differences from the mean. */
function squares(values: readonly number[]): number {
  const center = mean(values)
  return sum(values.map((value) => (value - center) ** 2))
}

function sum(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i] as number
  return total
}
