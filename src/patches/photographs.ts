import { isUtf8 } from 'node:buffer'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { InputError, UsageError } from '../errors.js'
import { readNamed } from '../files/regularFile.js'
import { sha256 } from '../files/sha256.js'
import { counted, listedNames } from '../support/text.js'
import { resizeAntialiased } from './antialiased.js'
import { PAPER_CLASSES } from './cocoPatches.js'
import { isPicture } from './collection.js'
import { decodePhotograph, type Image, pictureBytes } from './image.js'
import { madePatch, type Patch } from './patch.js'
import { PICTURE_FORMATS } from './pictureFormat.js'
import type { Pixels, Reading } from './reading.js'
import { roundHalfToEven } from './resize.js'
import { sourceSide } from './sizes.js'

/** Largest number of photographs in one call: twenty times the size of ImageNet's validation set. */
const MOST_PHOTOGRAPHS = 1_000_000

/** Largest distance in pixels that a window can move over a photograph. The photograph stays below 12 MB then. */
const MAX_MARGIN = 512

export interface PhotographFile {
  /** Path relative to the given folder, or exactly as in the given list. */
  readonly name: string
  readonly path: string
}

/**
 * Finds photographs and sorts those of a folder by path.
 * @param source a folder (its subfolders are searched, too), a text file with one path per line, or a photograph
 * @param note called with a line about each part of the folder that is left out
 */
export async function findPhotographs(
  source: string,
  note: (line: string) => void = () => undefined,
): Promise<readonly PhotographFile[]> {
  const found = await stat(source).catch(() => {
    throw new InputError(`cannot read ${source}: no such file or folder; give a folder of photographs`)
  })
  if (!found.isDirectory() && isPicture(basename(source))) return [{ name: basename(source), path: source }]
  const root = found.isDirectory() ? source : dirname(source)
  const names = found.isDirectory() ? await picturesBelow(source, note) : await listedIn(source)
  if (names.length === 0) throw new InputError(`no photographs in ${source}; put ${PICTURE_FORMATS} files there`)
  if (names.length > MOST_PHOTOGRAPHS)
    throw new InputError(
      `${source} has ${counted(names.length, 'photograph')}, but the limit is ${MOST_PHOTOGRAPHS}; choose some, and give a text file with their paths`,
    )
  return names.map((name) => ({ name, path: resolve(root, name) }))
}

/** Names of pictures, as paths relative to the folder that is searched. */
interface FoundPictures {
  readonly files: string[]
  /** Links whose target is missing. */
  readonly deadLinks: string[]
  /** Pipes, devices, and links to folders, which are not followed. */
  readonly others: string[]
}

async function picturesBelow(root: string, note: (line: string) => void): Promise<readonly string[]> {
  const found: FoundPictures = { files: [], deadLinks: [], others: [] }
  await searchBelow(root, '', note, found)
  const skip = (names: readonly string[], what: string) => {
    if (names.length > 0) note(`skipping ${what} in ${root}: ${listedNames(names.toSorted())}`)
  }
  const { deadLinks, others, files } = found
  skip(deadLinks, `${counted(deadLinks.length, 'link')} that ${deadLinks.length === 1 ? 'leads' : 'lead'} nowhere`)
  const are = others.length === 1 ? 'is not a file' : 'are not files'
  skip(others, `${counted(others.length, 'item')} that ${are} but a folder, a pipe or a device`)
  return files.sort()
}

async function searchBelow(
  root: string,
  folder: string,
  note: (line: string) => void,
  found: FoundPictures,
): Promise<void> {
  const options = { withFileTypes: true, encoding: 'buffer' } as const
  const entries = await readdir(join(root, folder), options).catch((error: NodeJS.ErrnoException) => {
    note(`skipping the folder ${join(root, folder)}: it cannot be read (${error.code}); allow reading it`)
    return []
  })
  for (const entry of entries) {
    const name = join(folder, entry.name.toString())
    if (!entry.isDirectory() && !isPicture(basename(name))) continue
    // Other bytes are lost in a string, so the file could not be opened by its name.
    if (!isUtf8(entry.name)) note(`skipping ${join(root, name)}: its name is not UTF-8; rename it`)
    else if (entry.isDirectory()) await searchBelow(root, name, note, found)
    else {
      // A link counts if it leads to a file.
      const target = entry.isSymbolicLink() ? await stat(join(root, name)).catch(() => undefined) : entry
      if (target === undefined) found.deadLinks.push(name)
      else if (target.isFile()) found.files.push(name)
      else found.others.push(name)
    }
  }
}

async function listedIn(path: string): Promise<readonly string[]> {
  const text = (await readNamed(path, 'give a folder of photographs, or a list of their paths')).toString()
  if (text.includes('\0'))
    throw new InputError(
      `${path} is neither a picture nor a list of paths; use ${PICTURE_FORMATS}, or a text file with one path per line`,
    )
  const names = [...new Set(text.split(/\r?\n/).map((line) => line.trim()))].filter((line) => line !== '')
  for (const name of names) {
    const photograph = resolve(dirname(path), name)
    await stat(photograph).catch(() => {
      throw new InputError(`cannot read ${photograph}: no such file; correct the list of photographs`)
    })
  }
  return names
}

/** How a photograph becomes a square. */
export interface PhotographSize {
  /** Side in pixels of the network's input. Photographs whose short side is shorter are refused. */
  readonly frameSide: number
  /** Length in pixels that the short side gets. */
  readonly side: number
}

/** The middle of a photograph. */
export interface PhotographSquare {
  /** An opaque picture, RGBA [side, side, 4]. */
  readonly image: Image
  /** SHA-256 of the file. */
  readonly sha256: string
  /** Whether a browser shows the photograph with other colours or turned. False for the reading `display`. */
  readonly looksDifferent: boolean
}

/**
 * Reads a photograph like torchvision's `Resize` and `CenterCrop`: its short side gets the length `side`, and the square
 * in the middle is kept. If the reading keeps transparency, transparent pixels become white.
 * @throws InputError if the file is no picture, is damaged, or has a side shorter than `frameSide`
 */
export async function readPhotograph(
  { name, path }: PhotographFile,
  size: PhotographSize,
  reading: Reading,
  signal?: AbortSignal,
): Promise<PhotographSquare> {
  const bytes = await pictureBytes(path)
  const { pixels, looksDifferent } = await decodePhotograph(bytes, path, reading, signal)
  return { image: await middleSquare(name, pixels, size), sha256: sha256(bytes), looksDifferent }
}

/** First of the `side` pixels in the middle of `length`, like torchvision's `CenterCrop`. */
export function middleStart(length: number, side: number): number {
  return roundHalfToEven((length - side) / 2)
}

/** Resizes a photograph and cuts out its middle square; see `readPhotograph`. */
export async function middleSquare(name: string, image: Pixels, { frameSide, side }: PhotographSize): Promise<Image> {
  const short = Math.min(image.rows, image.cols)
  if (short < frameSide)
    throw new InputError(
      `${name} is ${image.cols}×${image.rows} px, but the network reads ${frameSide}×${frameSide} px; use a larger photograph`,
    )
  const longer = (length: number) => Math.trunc((length * side) / short)
  const [rows, cols] = [longer(image.rows), longer(image.cols)]
  const [top, left] = [middleStart(rows, side), middleStart(cols, side)]
  return resizeAntialiased(image, rows, cols, { top, left, rows: side, cols: side })
}

/**
 * Reads a whole photograph as a patch that is larger than the frame. The frame is then a window that moves over it. If
 * the photograph's folder has the name of one of the paper's categories, such as `dog`, this is its category.
 * @param margin number of pixels by which the window can move along each axis
 * @throws UsageError unless `margin` is a positive whole number of at most MAX_MARGIN pixels
 * @throws the errors of `readPhotograph`
 */
export async function photographPatch(
  file: PhotographFile,
  frameSide: number,
  margin: number = sourceSide(frameSide) - frameSide,
  signal?: AbortSignal,
): Promise<Patch> {
  checkMargin(margin)
  const { image } = await readPhotograph(file, { frameSide, side: frameSide + margin }, 'torchvision', signal)
  const category = PAPER_CLASSES.find((name) => name === basename(dirname(file.path)))
  return { ...madePatch(file.name, image.rows, image.data), ...(category && { category }) }
}

export function checkMargin(margin: number): void {
  if (!Number.isInteger(margin) || margin < 1 || margin > MAX_MARGIN)
    throw UsageError.of`margin ${margin} is not a whole number from 1 to ${MAX_MARGIN}; choose another \`margin\``
}
