import { isUtf8 } from 'node:buffer'
import { basename, dirname, normalize } from 'node:path'
import { InputError } from '../../errors.js'
import { csvRows } from '../../files/csv.js'
import { withFile } from '../../files/openFile.js'
import { sha256 } from '../../files/sha256.js'
import type { Classes, Network } from '../../network.js'
import { classFinder, isIndex } from '../../networks/classes/words.js'
import type { PhotographFile } from '../../patches/photographs.js'
import { counted, listedNames, nearestNames } from '../../support/text.js'

/** The classes of a photograph in the user's words, and where they stand, such as `labels.csv line 7`. */
interface Label {
  readonly words: readonly string[]
  readonly place: string
}

export interface Labels {
  /** The file with the labels, or `folders`. */
  readonly source: string
  /** SHA-256 of the file; absent for folders. */
  readonly sha256?: string
  /** By name of the photograph. Photographs without a label are missing. */
  readonly of: ReadonlyMap<string, Label>
}

interface Labelled extends Pick<Network, 'id'> {
  readonly classes: Pick<Classes, 'names'>
}

/** Largest size of a file with labels in bytes: 64 for each of the most photographs in one call. */
const MOST_BYTES = 1 << 26

/** Headings of the columns with the photographs and with their classes. */
const HEADINGS: readonly (readonly string[])[] = [
  ['file', 'file_name', 'photograph', 'path'],
  ['class', 'label'],
]

/**
 * Reads labels of photographs. If `labels` is undefined, the photographs are labelled by their folders if each folder
 * has the name of a class in each network. A number is not enough then, because folders are also named after years.
 * @param labels a CSV file, or `folders`
 * @param note called with a line about labels that are missing, or that the user did not ask for
 * @throws InputError for a file that is missing, damaged or too large, and for unknown photographs and classes
 */
export async function readLabels(
  labels: string | undefined,
  files: readonly PhotographFile[],
  networks: readonly Labelled[],
  note: (line: string) => void,
): Promise<Labels | undefined> {
  const isFile = labels !== undefined && labels !== 'folders'
  const read = isFile ? await labelsOfFile(labels, files) : labelsOfFolders(files)
  if (labels === undefined && !areClasses(read, files, networks, note)) return undefined
  if (read.of.size === 0)
    throw InputError.of`no photograph gets a label from ${read.source}; give \`labels\` a CSV file with their classes`
  for (const network of networks) rightClasses(read, network)
  const missing = files.length - read.of.size
  if (missing > 0)
    note(`without a label, and so without accuracy: ${missing} of ${counted(files.length, 'photograph')}`)
  return read
}

function labelsOfFolders(files: readonly PhotographFile[]): Labels {
  const labelled = files.filter(({ name }) => !['', '.', '..'].includes(basename(dirname(name))))
  const of = new Map(labelled.map(({ name }) => [name, { words: [basename(dirname(name))], place: name }]))
  return { source: 'folders', of }
}

/** Whether every photograph's folder has the name of a class. If only some have, a note says so. */
function areClasses(
  { of }: Labels,
  files: readonly PhotographFile[],
  networks: readonly Labelled[],
  note: (line: string) => void,
): boolean {
  const finders = networks.map(({ classes }) => classFinder(classes.names))
  const folders = [...new Set(files.map(({ name }) => of.get(name)?.words[0] ?? '.'))]
  const others = folders.filter((word) => isIndex(word) || finders.some((find) => find(word).length !== 1))
  if (others.length === 0) note('the photographs are labelled by the names of their folders')
  else if (others.length < folders.length)
    note(`the photographs have no labels, because no class has the name of the folder ${listedNames(others)}`)
  return others.length === 0
}

async function labelsOfFile(path: string, files: readonly PhotographFile[]): Promise<Labels> {
  const bytes = await withFile(path, (file) => {
    if (file.size <= MOST_BYTES) return file.read({ offset: 0, length: file.size })
    throw new InputError(`${path} is larger than ${MOST_BYTES >> 20} MiB; give a smaller file`)
  })
  if (!isUtf8(bytes) || bytes.includes(0)) throw new InputError(`${path} is not a text file in UTF-8; save it as one`)
  const photographOf = photographFinder(files)
  const of = new Map<string, Label>()
  let columns: readonly number[] | undefined
  // A TextDecoder leaves out a byte order mark.
  for (const [line, cells] of csvRows(new TextDecoder().decode(bytes), path)) {
    const place = `${path} line ${line}`
    if (columns === undefined) {
      columns = headedColumns(cells, place)
      if (columns !== undefined) continue
      columns = [0, 1]
    }
    const [file = '', classes = ''] = columns.map((column) => cells[column]?.trim())
    const words = [...new Set(classes.split(';').map((word) => word.trim()))].filter((word) => word !== '').sort()
    const name = photographOf(file, place)
    const former = of.get(name)
    if (former !== undefined && former.words.join(';') !== words.join(';'))
      throw new InputError(`${place}: ${file} has other classes than in ${former.place}; remove one of the lines`)
    if (words.length > 0) of.set(name, former ?? { words, place })
  }
  return { source: path, sha256: sha256(bytes), of }
}

/** Finds the columns with photographs and with classes by their headings; undefined if a row has none. */
function headedColumns(row: readonly string[], place: string): readonly number[] | undefined {
  const cells = row.map((cell) => cell.trim().toLowerCase())
  const columns = HEADINGS.map((headings) => cells.findIndex((cell) => headings.includes(cell)))
  if (!columns.includes(-1)) return columns
  if (columns.every((column) => column === -1)) return undefined
  throw new InputError(`${place} has no column named ${columns[0] === -1 ? 'file' : 'class'}; rename the column`)
}

/** Returns a function that finds a photograph by its path or, if no other has the same, by the name of its file. */
function photographFinder(files: readonly PhotographFile[]): (file: string, place: string) => string {
  const known = new Map<string, string | undefined>()
  for (const { name } of files) known.set(basename(name), known.has(basename(name)) ? undefined : name)
  for (const { name } of files) known.set(normalize(name), name)
  return (file, place) => {
    const name = known.get(normalize(file))
    if (name !== undefined) return name
    const problem = known.has(file) ? 'several photographs are named' : 'there is no photograph'
    throw new InputError(`${place}: ${problem} ${file}; give a path such as ${files[0]?.name}, or remove the line`)
  }
}

/**
 * Finds the right answers of a network to each photograph with a label.
 * @returns indices of the network's output, ascending, by name of the photograph
 * @throws InputError if a word names no class of the network, or several
 */
export function rightClasses(labels: Labels, { id, classes }: Labelled): ReadonlyMap<string, readonly number[]> {
  const find = classFinder(classes.names)
  const known = new Map<string, readonly number[]>()
  const rightOf = (word: string, place: string) => {
    const [right = [], other] = known.has(word) ? [known.get(word)] : find(word)
    if (right.length === 0) {
      const similar = listedNames(nearestNames(word, classes.names, 3))
      const remedy = isIndex(word) ? 'use a smaller index' : `use an index, or a name such as ${similar}`
      throw new InputError(`${place}: ${id} has no class ${word}; ${remedy}`)
    }
    if (other !== undefined) throw new InputError(`${place}: ${id} has several classes ${word}; give an index instead`)
    known.set(word, right)
    return right
  }
  return new Map(
    Array.from(labels.of, ([name, { words, place }]) => {
      const right = new Set(words.flatMap((word) => rightOf(word, place)))
      return [name, [...right].sort((a, b) => a - b)]
    }),
  )
}
