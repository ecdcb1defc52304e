import { printable } from '../../support/text.js'

/** Names from a file in quotes, at most ten of them. */
export function listedNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `"${printable(name)}"`)
  return names.length > 10 ? `${shown.join(', ')}, …` : shown.join(', ')
}
