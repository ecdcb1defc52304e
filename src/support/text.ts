/** Makes a name from an untrusted file short and plain ASCII, so that a message can contain it. */
export function printable(name: string): string {
  const clean = name.replace(/[^\x20-\x7e]/g, '?')
  return clean.length > 100 ? `${clean.slice(0, 100)}…` : clean
}

export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}

export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!
}

const LONGEST_REASON = 500

export function oneLine(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason)
  return text.replace(/\s+/g, ' ').trim().slice(0, LONGEST_REASON)
}

export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

const maximumLength = 100
const maximumCandidates = 20_000

/** A list as one argument of the command line, such as `a,b`. A comma in a value gets a backslash. */
export function listText(values: readonly unknown[]): string {
  return values.map((value) => String(value).replaceAll(',', '\\,')).join(',')
}

/** The flag of an option, such as `--object-class` for `objectClass`. */
export function flagOf(name: string): string {
  return `--${name.length === 1 ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/**
 * Returns the `count` candidates that are most similar to a mistyped name. Candidates that contain the name, or are
 * part of it, come first. The others follow, sorted by edit distance.
 */
export function nearestNames(name: string, candidates: Iterable<string>, count: number): string[] {
  const wanted = name.toLowerCase().slice(0, maximumLength)
  const rated: { candidate: string; distance: number }[] = []
  for (const candidate of candidates) {
    if (rated.length === maximumCandidates) break
    const other = candidate.toLowerCase().slice(0, maximumLength)
    const isPart = wanted !== '' && (other.includes(wanted) || wanted.includes(other))
    rated.push({
      candidate,
      distance: isPart ? Math.abs(other.length - wanted.length) / maximumLength : editDistance(wanted, other),
    })
  }
  rated.sort((a, b) => a.distance - b.distance)
  return rated.slice(0, count).map(({ candidate }) => candidate)
}

/** Levenshtein's distance: the smallest number of letters to insert, remove or replace. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1))
    }
    previous = row
  }
  return previous[b.length]!
}

/** Words as a sentence lists them, such as `A, B and C`. */
export function joinedWords(words: readonly string[], last: 'and' | 'or' = 'and'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}

/** The first eight texts, and the number of others. */
export function firstOf(texts: readonly string[]): readonly string[] {
  return texts.length > 8 ? [...texts.slice(0, 8), `${texts.length - 8} more`] : texts
}

/** Lists names from an untrusted file, in quotes. Only the first ten are shown. */
export function listedNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `"${printable(name)}"`)
  return names.length > 10 ? `${shown.join(', ')}, …` : shown.join(', ')
}
