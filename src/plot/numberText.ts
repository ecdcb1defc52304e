/** Replaces a number's hyphen by a minus sign, and removes it before a zero. */
export function withMinus(text: string): string {
  return text.replace(/^-(?=0\.?0*$)/, '').replace('-', '−')
}

/** A number with a fixed number of digits after the point. */
export function decimalText(value: number, digits: number): string {
  return withMinus(value.toFixed(digits))
}

/** As `decimalText`, but with a plus before positive numbers, for differences. */
export function signedText(value: number, digits: number): string {
  const text = decimalText(value, digits)
  return text.startsWith('−') ? text : `+${text}`
}

/** A percentage without its sign: two digits, or one after the point. */
export function percentText(percent: number): string {
  return decimalText(percent, Math.abs(percent) < 9.95 ? 1 : 0)
}

/** A peak signal-to-noise ratio; null if there is no noise. */
export function decibelText(value: number | null): string {
  return value === null ? 'equal' : `${decimalText(value, 1)} dB`
}
