/** Replaces the hyphen of a negative number with a minus sign, and removes it from −0. */
export function withMinus(text: string): string {
  return text.replace(/^-(?=0\.?0*$)/, '').replace('-', '−')
}

export function decimalText(value: number, digits: number): string {
  return withMinus(value.toFixed(digits))
}

/** As `decimalText`, with a plus unless the number is negative. */
export function signedText(value: number, digits: number): string {
  const text = decimalText(value, digits)
  return text.startsWith('−') ? text : `+${text}`
}

/** A percentage without the % sign: one decimal below 10, none from 10 on. */
export function percentText(percent: number): string {
  return decimalText(percent, Math.abs(percent) < 9.95 ? 1 : 0)
}

/** A peak signal-to-noise ratio in words. It is null if the pictures are equal. */
export function decibelText(value: number | null): string {
  return value === null ? 'equal' : `${decimalText(value, 1)} dB`
}
