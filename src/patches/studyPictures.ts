import { UsageError } from '../errors.js'
import { type NamedBackground, readBackground } from './background.js'
import { patchesFrom } from './collection.js'
import { type Patch, patchesOfSource } from './patch.js'

/** The pictures from which a study draws its images. A frame is named by its side in pixels. */
export interface StudyPictures {
  /** All objects at all sizes, ordered by size. */
  readonly patches: readonly Patch[]
  readonly patchesOf: (frameSide: number) => readonly Patch[]
  readonly backgrounds: ReadonlyMap<number, NamedBackground>
}

interface PictureOptions {
  /** Objects, named as in `patchesFrom`. */
  readonly patches?: string
  readonly background: string
  readonly blend: 'hard' | 'soft'
  /** Sizes of the objects in a frame. */
  readonly sizesFor: (frameSide: number) => readonly number[]
  readonly signal?: AbortSignal
}

/**
 * Reads the background for each frame, and makes a patch of each object at each size that a frame needs.
 * @throws UsageError if a size is larger than its frame
 */
export async function studyPictures(options: PictureOptions, frameSides: readonly number[]): Promise<StudyPictures> {
  const { background, sizesFor, signal } = options
  const backgrounds = new Map<number, NamedBackground>()
  for (const frameSide of new Set(frameSides))
    backgrounds.set(frameSide, await readBackground(background, frameSide, signal))
  const patches = frameSides.length > 0 ? await patchesFor(options, frameSides) : []
  return {
    patches,
    patchesOf: (frameSide) => patches.filter(({ size }) => sizesFor(frameSide).includes(size)),
    backgrounds,
  }
}

async function patchesFor(
  { patches, blend, sizesFor, signal }: PictureOptions,
  frameSides: readonly number[],
): Promise<readonly Patch[]> {
  const sizes = [...new Set(frameSides.flatMap(sizesFor))]
  const bySource: (readonly Patch[])[] = []
  for (const source of await patchesFrom(patches))
    bySource.push(await patchesOfSource(source, sizes, Math.max(...frameSides), blend, signal))
  const small = frameSides.find((frameSide) => sizesFor(frameSide).some((size) => size > frameSide))
  if (small !== undefined)
    throw UsageError.of`\`sizes\` do not fit into the frame of ${small}×${small} px; choose smaller ones`
  return sizes.flatMap((_, i) => bySource.flatMap((ofSource) => ofSource[i] ?? []))
}
