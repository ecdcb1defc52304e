/** A class, and the number of positions where it is the answer. */
export interface CountedClass {
  readonly name: string
  readonly positions: number
  /** Whether it is known to be correct for the object. */
  readonly isRight: boolean
}

/** Names of classes, the most frequent first: those that are correct for the object, and others. */
export interface RankedClasses {
  readonly right: readonly string[]
  readonly others: readonly string[]
}

/** @param all may list a class several times, such as once per map */
export function rankedClasses(all: readonly CountedClass[]): RankedClasses {
  const classes = new Map<string, CountedClass>()
  for (const one of all) {
    const { positions, isRight } = classes.get(one.name) ?? { positions: 0, isRight: false }
    classes.set(one.name, { ...one, positions: positions + one.positions, isRight: isRight || one.isRight })
  }
  const sorted = [...classes.values()].sort((a, b) => b.positions - a.positions || (a.name < b.name ? -1 : 1))
  const namesOf = (isRight: boolean) => sorted.filter((one) => one.isRight === isRight).map(({ name }) => name)
  return { right: namesOf(true), others: namesOf(false) }
}

/** For each class, the number of positions where it is the answer. */
export function positionsOfClasses(numbers: Iterable<number>, classes: number): Uint32Array {
  const positions = new Uint32Array(classes)
  for (const number of numbers) positions[number] = positions[number]! + 1
  return positions
}
