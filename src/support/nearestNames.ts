const maximumLength = 100
const maximumCandidates = 20_000

/** The candidates that are most like a mistyped name, the nearest first: by containment, then by edit distance. */
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

/** Levenshtein's distance: the least number of letters to insert, remove or replace. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (previous[j] as number) + 1, (row[j - 1] as number) + 1))
    }
    previous = row
  }
  return previous[b.length] as number
}
