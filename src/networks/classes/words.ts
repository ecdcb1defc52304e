import { addTo } from '../../support/lists.js'
import { isOfCategory } from './categories.js'
import { imagenetClasses, imagenetWnids } from './imagenet.js'
import { areNumbered, IMAGENET_COUNTS } from './names.js'

/** Whether a word is the index of a class. */
export function isIndex(word: string): boolean {
  return /^\d+$/.test(word)
}

/**
 * Returns a function that finds what a word means in a network: an index, a name, WordNet's identifier of a class of
 * ImageNet, or one of the paper's categories, such as `dog`. If the network's classes are ImageNet's, indices leave out
 * a background class before them. Names may differ in case, have `_` for a space, and have synonyms after commas.
 * @param names of the network's classes, in the order of its output
 * @returns each meaning of the word as indices of the network's output, of which only a category has several
 */
export function classFinder(names: readonly string[]): (word: string) => readonly (readonly number[])[] {
  const start = imagenetStart(names)
  const named = namedClasses(names)
  const classesOf = (word: string) => {
    // Names may be numbers, too, such as digits. A number that is the index of another class has two meanings.
    if (isIndex(word)) return [Number(word) + (start ?? 0), ...named(word)].filter((index) => index < names.length)
    const wnid = imagenetWnids().indexOf(word.toLowerCase())
    if (wnid < 0) return named(word)
    return start === undefined ? [word, imagenetClasses()[wnid]!].flatMap(named) : [start + wnid]
  }
  return (word) => {
    const classes = [...new Set(classesOf(word))].map((index) => [index])
    if (classes.length > 0) return classes
    const category = [...names.keys()].filter((i) => isOfCategory(word, names[i]!, [names[i]!]))
    return category.length > 0 ? [category] : []
  }
}

/**
 * Finds the classes that are right for an object, as `isRightAnswer` does: those of its category (see `isOfCategory`),
 * or else those with this name.
 * @returns indices of the network's output; undefined if the network has no such class
 */
export function classesOfObject(word: string, names: readonly string[]): readonly number[] | undefined {
  if (isOfCategory(word, '', names) === null) {
    const named = namedClasses(names)(word)
    return named.length > 0 ? named : undefined
  }
  return [...names.keys()].filter((i) => isOfCategory(word, names[i]!, [names[i]!]))
}

/**
 * Whether an answer is right for an object.
 * @param category one of the paper's ten, or the name of a class
 * @param names some or all classes of the network. So an index of a class would say nothing.
 * @returns null if unknown: there is no category, or none of the classes belongs to it
 */
export function isRightAnswer(category: string | null, answer: string, names: readonly string[]): boolean | null {
  const isRight = isOfCategory(category, answer, names)
  if (isRight !== null || category === null) return isRight
  const right = namedClasses(names)(category).map((index) => names[index])
  return right.length > 0 ? right.includes(answer) : null
}

/**
 * A text that two networks share if they tell the same classes apart, in any order. Small differences in spelling do not
 * count. Undefined if the classes have only numbers.
 */
export function classSet(names: readonly string[]): string | undefined {
  if (imagenetStart(names) !== undefined) return 'ImageNet'
  return areNumbered(names) ? undefined : JSON.stringify(names.map(firstSynonym).sort())
}

/** Index of ImageNet's first class in a list of names: 0, or 1 after a background class; undefined for other lists. */
function imagenetStart(names: readonly string[]): number | undefined {
  if (!IMAGENET_COUNTS.includes(names.length)) return undefined
  const start = names.length - 1000
  const isSame = (i: number, name: string) => name === imagenetWnids()[i] || name === plain(imagenetClasses()[i] ?? '')
  const same = names.slice(start).filter((name, i) => isSame(i, firstSynonym(name)))
  // Lists of ImageNet's names differ in some of them.
  return same.length > 500 ? start : undefined
}

/** Ways to compare a word and a name, the strictest first. */
const FORMS: readonly ((name: string) => readonly string[])[] = [
  (name) => [name],
  (name) => [plain(name)],
  (name) => [firstSynonym(name)],
  (name) => name.split(',').map(plain),
]

/** Returns a function that finds the classes with a name, in the strictest way that finds any. */
function namedClasses(names: readonly string[]): (word: string) => readonly number[] {
  const tables = FORMS.map((form) => {
    const table = new Map<string, number[]>()
    for (const [i, name] of names.entries()) for (const text of form(name)) addTo(table, text, i)
    return (word: string) => form(word).flatMap((text) => table.get(text) ?? [])
  })
  return (word) => tables.map((find) => find(word)).find(({ length }) => length > 0) ?? []
}

function plain(name: string): string {
  return name.replaceAll('_', ' ').trim().toLowerCase()
}

function firstSynonym(name: string): string {
  return plain(name.split(',')[0]!)
}
