import { join } from 'node:path'
import { InputError, throwIfStopped, UsageError, wordingOf } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { packageVersion } from '../files/package.js'
import { sha256 } from '../files/sha256.js'
import { tell, type Wording } from '../message.js'
import type { Progress } from '../progress.js'
import { encodePng, type Image } from './image.js'
import { type Resize, resizeHard } from './patch.js'

/** Largest side of a written patch, in pixels. */
export const MAX_PATCH_SIZE = 4096

/** A patch as manifest.json describes it. Paths are relative to the manifest's folder. */
export interface ManifestPatch {
  readonly name: string
  /** Path of a PNG of the object at its original size, with alpha 0 or 255. */
  readonly file: string
  /** Paths of PNGs of the object resized to a square, by the square's side in pixels. */
  readonly sizes: Readonly<Record<string, string>>
  /** `hard`: every pixel is opaque or transparent. */
  readonly alpha: 'hard'
  /** Class of the object; absent if unknown. */
  readonly category?: string
  /** SHA-256 of `file`, in hexadecimal. */
  readonly sha256: string
}

/** An object that could not be made into a patch. */
export interface PatchFailure {
  readonly name: string
  readonly reason: string
}

/** A folder of patches that was written to disk. */
export interface PatchFolder {
  /** Path of manifest.json. */
  readonly manifest: string
  readonly patches: readonly ManifestPatch[]
  readonly failed: readonly PatchFailure[]
}

/**
 * Makes a patch of each object. An object that cannot be made is listed in `failed`, and the others are kept.
 * @param refused objects that are already known to have failed
 * @throws the signal's reason after an abort, and errors that do not concern a single object
 */
export async function madePatches<Source extends { readonly name: string }>(
  sources: readonly Source[],
  make: (source: Source) => Promise<ManifestPatch>,
  {
    progress,
    signal,
    refused = [],
  }: {
    readonly progress: Progress
    readonly signal: AbortSignal | undefined
    readonly refused?: readonly PatchFailure[]
  },
): Promise<Pick<PatchFolder, 'patches' | 'failed'>> {
  const patches: ManifestPatch[] = []
  const failed = [...refused]
  progress.start('patches', sources.length + refused.length)
  try {
    for (const source of sources) {
      throwIfStopped(signal)
      try {
        patches.push(await make(source))
      } catch (error) {
        throwIfStopped(signal)
        const reason = reasonOf(error)
        failed.push(tell({ name: source.name, reason: String(reason) }, reason))
      }
      progress.update(patches.length + failed.length)
    }
  } finally {
    progress.stop()
  }
  return { patches, failed }
}

/** Writes the files of an object: native/NAME.png in its original size, and SIZE/NAME.png for each size. */
export async function storePatch(
  folder: string,
  name: string,
  image: Image,
  sizes: readonly number[],
  resize: Resize,
): Promise<ManifestPatch> {
  const native = await png(image)
  const file = `native/${name}.png`
  await writeFileAtomic(join(folder, file), native)
  const files: Record<string, string> = {}
  for (const size of sizes) {
    files[size] = `${size}/${name}.png`
    await writeFileAtomic(join(folder, `${size}/${name}.png`), await png(resizeHard(image, size, size, resize)))
  }
  return { name, file, sizes: files, alpha: 'hard', sha256: sha256(native) }
}

function png({ rows, cols, data }: Image): Promise<Buffer> {
  return encodePng(data, { width: cols, height: rows, channels: 4 }, { compressionLevel: 9 })
}

export async function writePatchManifest(
  folder: string,
  origin: object,
  patches: readonly ManifestPatch[],
  failed: readonly PatchFailure[],
): Promise<string> {
  const path = join(folder, 'manifest.json')
  const manifest = { shiftscope: packageVersion(), ...origin, patches, failed }
  await writeFileAtomic(path, `${JSON.stringify(manifest, null, 2)}\n`)
  return path
}

export function checkSizes(sizes: readonly number[]): void {
  const wrong = sizes.find((size) => !Number.isInteger(size) || size < 1 || size > MAX_PATCH_SIZE)
  if (wrong !== undefined)
    throw UsageError.of`size ${wrong} is not a whole number from 1 to ${MAX_PATCH_SIZE}; use, for example, \`sizes 75,125\``
}

/** Returns the message of an error that concerns only one object. Rethrows all other errors, such as a full disk. */
export function reasonOf(error: unknown): Wording {
  if (error instanceof InputError) return wordingOf(error)
  throw error
}
