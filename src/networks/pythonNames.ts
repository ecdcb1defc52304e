/** An entry of a dict, or of a list, which has no keys: an optional whole number, and a text in quotation marks. */
const ENTRY = /\s*(?:(\d{1,9})\s*:\s*)?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*,?/gy

/**
 * Reads a dict of names by number, or a list of names, as Python prints it: `{0: 'cat', 1: "dog's bed"}`. Nothing is
 * executed.
 * @returns the names by index; undefined for other texts
 */
export function pythonNames(text: string): readonly string[] | undefined {
  const given = text.trim()
  const entries = [...given.slice(1).matchAll(ENTRY)]
  const length = entries.reduce((sum, [entry]) => sum + entry.length, 0)
  const brackets = given.charAt(0) + given.slice(1 + length).trim()
  const isInOrder = entries.every(([, key], i) => (brackets === '{}' ? Number(key) === i : key === undefined))
  if (entries.length === 0 || !isInOrder || !['{}', '[]'].includes(brackets)) return undefined
  return entries.map(([, , single, double]) => (single ?? double ?? '').replace(/\\(.)/g, '$1'))
}
