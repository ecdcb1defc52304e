import { InputError } from '../errors.js'
import type { LiveObject } from '../page/live/live.js'
import { builtInPatches } from '../patches/collection.js'
import { decodeImage, drawingLimits, type Image } from '../patches/image.js'
import { NO_OPAQUE_PIXELS, squareObject } from '../patches/ownPatches.js'
import {
  checkVisible,
  madePatch,
  type Patch,
  type PatchSource,
  patchAtSize,
  patchesOfSource,
} from '../patches/patch.js'
import { checkMargin, middleSquare } from '../patches/photographs.js'
import { pictureFormat } from '../patches/pictureFormat.js'
import { oneAtATime } from '../support/oneAtATime.js'

/** Largest size of an accepted picture in bytes. A photo has a few million bytes. */
export const MOST_PICTURE_BYTES = 32 * 1024 * 1024

/** Largest number of the user's pictures that are kept. When there are more, the oldest is dropped. */
export const MOST_OWN = 32

/** Largest side that an object may have, in pixels. Few networks take larger images. */
const LONGEST_SIDE = 1024

/** Time limit in seconds for drawing an SVG. It is low because a user waits for the picture. */
const DRAWING_SECONDS = 10

/** Largest number of characters in the name of an object, which becomes the name of a file. */
const LONGEST_NAME = 60

export type Objects = Awaited<ReturnType<typeof openObjects>>

export interface KnownObject extends LiveObject {
  /** A built-in object, the pixels of a picture that the user added, or the file of a photograph. */
  readonly source: PatchSource | Image | { readonly file: Uint8Array }
}

/**
 * The objects that can be moved: the built-in patches, and pictures and photographs that the user added.
 * @param category what the user says that all objects are; by default, built-in objects have their own category
 */
export async function openObjects(category?: string) {
  const builtIn = await builtInPatches()
  const known = new Map<number, KnownObject>(
    builtIn.map((source, key) => [
      key,
      { key, name: source.name, isPhotograph: false, category: category ?? source.category ?? '', source },
    ]),
  )
  let next = known.size
  /** Names of all objects so far. The page still lists a picture that was dropped, so its name stays taken. */
  const names = new Set(builtIn.map(({ name }) => name))
  // Only one picture is decoded at a time, because pictures may be large.
  const inTurn = oneAtATime()
  const decode = (bytes: Uint8Array, signal?: AbortSignal): Promise<Image> => {
    const decoded = () => decodeImage(bytes, 'the picture', signal, drawingLimits(DRAWING_SECONDS))
    // An SVG need not wait, because it is drawn in another process.
    return pictureFormat(bytes) === 'svg' ? decoded() : inTurn(decoded)
  }
  const find = (key: number): KnownObject => {
    const found = known.get(key)
    if (found === undefined) throw new InputError('this object is no longer in memory; add it again')
    return found
  }
  /**
   * Adds a picture as an object. The object is the part that is not transparent, or the whole picture if nothing is
   * transparent. A photograph stays whole.
   */
  const add = async (
    bytes: Uint8Array,
    name: string,
    signal: AbortSignal,
    isPhotograph = false,
  ): Promise<LiveObject> => {
    const image = await decode(bytes, signal)
    const source = isPhotograph ? { file: bytes } : squareObject(image, LONGEST_SIDE)
    if (source === undefined) throw new InputError(`the picture shows no object: ${NO_OPAQUE_PIXELS}; choose another`)
    const same = [...known.values()].find((one) => isSame(one.source, source))
    if (same !== undefined) return shortly(same)
    const own = freeName(fileStem(name, 'object'), names)
    const added = { key: next++, name: own, isPhotograph, category: category ?? '', source }
    names.add(own)
    known.set(added.key, added)
    const all = [...known.values()].filter(({ key }) => key >= builtIn.length)
    if (all.length > MOST_OWN) known.delete(all[0]!.key)
    return shortly(added)
  }
  return {
    list: (): readonly LiveObject[] => [...known.values()].map(shortly),
    add,
    patch: async (key: number, size: number, frameSide: number): Promise<Patch> => {
      const { name, source } = find(key)
      if ('path' in source) return (await patchesOfSource(source, [size], frameSide, 'hard'))[0]!
      if ('file' in source) {
        if (size > frameSide) checkMargin(size - frameSide)
        const { data } = await middleSquare(name, await decode(source.file), {
          frameSide: Math.min(size, frameSide),
          side: size,
        })
        return madePatch(name, size, data)
      }
      const patch = patchAtSize(name, source, size, frameSide)
      checkVisible(patch, 'hard', name)
      return patch
    },
    find,
  }
}

function shortly({ key, name, isPhotograph, category }: LiveObject): LiveObject {
  return { key, name, isPhotograph, category }
}

function isSame(one: KnownObject['source'], other: KnownObject['source']): boolean {
  if ('file' in one && 'file' in other) return Buffer.compare(one.file, other.file) === 0
  if (!('data' in one && 'data' in other)) return false
  return one.rows === other.rows && one.cols === other.cols && Buffer.compare(one.data, other.data) === 0
}

/**
 * Turns a file's name, without its extension, into a valid name for folders and files.
 * @param instead the result if no characters are left
 * @param others characters that become a dash; by default, all except letters and digits
 */
export function fileStem(name: string, instead: string, others = /[^\p{L}\p{N}]+/gu): string {
  const stem = name
    .replace(/\.[^.]*$/, '')
    .normalize('NFC')
    .replace(others, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
  return [...stem].slice(0, LONGEST_NAME).join('') || instead
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`
    if (!taken.has(candidate)) return candidate
  }
}
