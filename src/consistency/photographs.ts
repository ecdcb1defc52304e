import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { emptyFrame } from '../engine/scene.js'
import { InputError } from '../errors.js'
import { readNamed } from '../files/regularFile.js'
import { resizeAntialiased } from '../patches/antialiased.js'
import { onWhite } from '../patches/background.js'
import { isPicture } from '../patches/collection.js'
import { type Image, readImage } from '../patches/image.js'
import { PICTURE_FORMATS } from '../patches/pictureFormat.js'
import { roundHalfToEven } from '../patches/resize.js'
import { counted } from '../support/text.js'

/** Largest number of photographs in one call: twenty times the size of ImageNet's validation set. */
const MOST_PHOTOGRAPHS = 1_000_000

/** Side of the scaled photograph, divided by the side of the frames that are cut out of it (Zhang 2019). */
const SOURCE_PER_FRAME = 256 / 224

export interface PhotographFile {
  /** Path relative to the given folder, or exactly as in the given list. */
  readonly name: string
  readonly path: string
  /**
   * Size and modification time of the file. They show whether it has changed: answers that an interrupted call stored
   * are used only if no photograph has.
   */
  readonly version: string
}

/** Side in pixels of the square photographs from which the protocols cut or make their frames. */
export function sourceSide(frame: number): number {
  return Math.round(frame * SOURCE_PER_FRAME)
}

/**
 * Finds photographs and sorts those of a folder by path.
 * @param source a folder (its subfolders are searched, too), a text file with one path per line, or a photograph
 */
export async function findPhotographs(source: string): Promise<readonly PhotographFile[]> {
  const found = await stat(source).catch(() => {
    throw new InputError(`cannot read ${source}: no such file or folder; give a folder of photographs`)
  })
  if (!found.isDirectory() && isPicture(basename(source))) return [await fileOf(basename(source), source)]
  const names = found.isDirectory() ? await picturesBelow(source) : await listedIn(source)
  const root = found.isDirectory() ? source : dirname(source)
  if (names.length === 0) throw new InputError(`no photographs in ${source}; put ${PICTURE_FORMATS} files there`)
  if (names.length > MOST_PHOTOGRAPHS)
    throw new InputError(
      `${source} has ${counted(names.length, 'photograph')}, but the limit is ${MOST_PHOTOGRAPHS}; choose some, and give a text file with their paths`,
    )
  const files: PhotographFile[] = []
  for (const name of names) files.push(await fileOf(name, resolve(root, name)))
  return files
}

async function picturesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const pictures: string[] = []
  for (const entry of entries) {
    if (!isPicture(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    // A link counts if it leads to a file.
    const target = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry
    if (target?.isFile()) pictures.push(relative(folder, path))
  }
  return pictures.sort()
}

async function listedIn(path: string): Promise<readonly string[]> {
  const text = (await readNamed(path, 'give a folder of photographs, or a list of their paths')).toString()
  if (text.includes('\0'))
    throw new InputError(
      `${path} is neither a picture nor a list of paths; use ${PICTURE_FORMATS}, or a text file with one path per line`,
    )
  return [...new Set(text.split(/\r?\n/).map((line) => line.trim()))].filter((line) => line !== '')
}

async function fileOf(name: string, path: string): Promise<PhotographFile> {
  const { size, mtimeMs } = await stat(path).catch(() => {
    throw new InputError(`cannot read ${path}: no such file; correct the list of photographs`)
  })
  return { name, path, version: `${size} ${mtimeMs}` }
}

/**
 * Reads a photograph like torchvision's `Resize` and `CenterCrop`: its short side becomes `sourceSide`, and the square
 * in the middle is kept. Transparent pixels become white.
 * @returns RGB, [rows, cols, 3]; rows and cols are `sourceSide(frame)`
 * @throws InputError if the file is no picture, is damaged, or has a side shorter than `frame`
 */
export async function readPhotograph(
  { name, path }: PhotographFile,
  frame: number,
  signal?: AbortSignal,
): Promise<Image> {
  const image = await readImage(path, signal)
  const short = Math.min(image.rows, image.cols)
  if (short < frame)
    throw new InputError(
      `${name} is ${image.cols}×${image.rows} px, but the network reads ${frame}×${frame} px; use a larger photograph`,
    )
  const side = sourceSide(frame)
  const longer = (length: number) => Math.trunc((length * side) / short)
  const [rows, cols] = [longer(image.rows), longer(image.cols)]
  const [top, left] = [roundHalfToEven((rows - side) / 2), roundHalfToEven((cols - side) / 2)]
  return resizeAntialiased(onWhite(image), rows, cols, { top, left, rows: side, cols: side })
}

export function cropped({ cols, data }: Image, frame: number, top: number, left: number): Uint8Array {
  const crop = emptyFrame(frame)
  for (let row = 0; row < frame; row++) {
    const start = ((top + row) * cols + left) * 3
    crop.set(data.subarray(start, start + frame * 3), row * frame * 3)
  }
  return crop
}

export function centreOf(photograph: Image, frame: number): Uint8Array {
  const margin = Math.floor((photograph.rows - frame) / 2)
  return cropped(photograph, frame, margin, margin)
}
