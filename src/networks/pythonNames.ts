/** One entry of a list or dict: an optional whole number as its key, a text in quotation marks, and what follows it. */
const ENTRY = /\s*(?:(\d{1,9})\s*:\s*)?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(,|[}\]])/y
const ESCAPE = /\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/gi

/**
 * Reads a list of names, or a dict of names by number, as Python prints it: `{0: 'cat', 1: "dog's bed"}`. Nothing is
 * executed.
 * @returns the names by index; undefined for any other text
 */
export function pythonNames(text: string): readonly string[] | undefined {
  const names: string[] = []
  const entry = new RegExp(ENTRY)
  const open = text.trimStart()
  entry.lastIndex = 1
  for (let end = ','; /^[[{]/.test(open) && end === ','; ) {
    const [all, key, single, double, next = ''] = entry.exec(open) ?? []
    if (all === undefined || (open[0] === '{' ? Number(key) !== names.length : key !== undefined)) return undefined
    names.push((single ?? double ?? '').replace(ESCAPE, unescaped))
    end = next
    if (end === (open[0] === '{' ? '}' : ']') && open.slice(entry.lastIndex).trim() === '') return names
  }
  return undefined
}

function unescaped(_: string, byte?: string, unit?: string, letter = ''): string {
  const code = byte ?? unit
  return code === undefined ? letter : String.fromCharCode(Number.parseInt(code, 16))
}
