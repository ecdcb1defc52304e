/** Replaces the hyphen of a negative number with a minus sign. Zero gets no sign, so "-0.0" becomes "0.0". */
export function withMinus(text: string): string {
  return text.replace(/^-(?=0\.?0*$)/, '').replace('-', '−')
}

export function decimalText(value: number, digits: number): string {
  return withMinus(value.toFixed(digits))
}

export function signedText(value: number, digits: number): string {
  const text = decimalText(value, digits)
  return text.startsWith('−') ? text : `+${text}`
}

/** A p value as `p = 0.031`, or `p < 0.001`. */
export function pText(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`
}

/** A large count with three significant digits, such as `4.22 M` or `569 M`. */
export function countText(count: number): string {
  const [unit = '', scale = 1] = COUNT_UNITS.find(([, least]) => count >= 0.9995 * least) ?? []
  return unit === '' ? String(count) : `${Number(count / scale).toPrecision(3)} ${unit}`
}

const COUNT_UNITS = [
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
] as const

/** A percentage as text, but without the % sign. It has one decimal below 10, and none from 10 on. */
export function percentText(percent: number): string {
  return decimalText(percent, Math.abs(percent) < 9.95 ? 1 : 0)
}

/** A peak signal-to-noise ratio as text. The ratio is null if the two pictures are equal. */
export function decibelText(value: number | null): string {
  return value === null ? 'equal' : `${decimalText(value, 1)} dB`
}
