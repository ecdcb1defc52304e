import { UsageError } from '../errors.js'
import { type NamedBackground, readBackground } from './background.js'
import { patchesFrom } from './collection.js'
import { type Patch, patchesOfSource } from './patch.js'

/** The pictures from which a study draws its images. A frame is named by its side in pixels. */
export interface StudyPictures {
  /** All objects at all sizes, ordered by size. */
  readonly patches: readonly Patch[]
  readonly patchesOf: (frame: number) => readonly Patch[]
  readonly backgrounds: ReadonlyMap<number, NamedBackground>
}

interface PictureOptions {
  /** Objects, named as in `patchesFrom`. */
  readonly patches?: string
  readonly background: string
  readonly blend: 'hard' | 'soft'
  /** Sizes of the objects in a frame. */
  readonly sizesFor: (frame: number) => readonly number[]
  readonly signal?: AbortSignal
}

/**
 * Reads the background for each frame, and makes a patch of each object at each size that a frame needs.
 * @throws UsageError if a size is larger than its frame
 */
export async function studyPictures(options: PictureOptions, frames: readonly number[]): Promise<StudyPictures> {
  const { background, sizesFor, signal } = options
  const backgrounds = new Map<number, NamedBackground>()
  for (const frame of new Set(frames)) backgrounds.set(frame, await readBackground(background, frame, signal))
  const patches = frames.length > 0 ? await patchesFor(options, frames) : []
  return { patches, patchesOf: (frame) => patches.filter(({ size }) => sizesFor(frame).includes(size)), backgrounds }
}

async function patchesFor(
  { patches, blend, sizesFor, signal }: PictureOptions,
  frames: readonly number[],
): Promise<readonly Patch[]> {
  const sizes = [...new Set(frames.flatMap(sizesFor))]
  const bySource: (readonly Patch[])[] = []
  for (const source of await patchesFrom(patches))
    bySource.push(await patchesOfSource(source, sizes, Math.max(...frames), blend, signal))
  const small = frames.find((frame) => sizesFor(frame).some((size) => size > frame))
  if (small !== undefined)
    throw UsageError.of`\`sizes\` do not fit into the frame of ${small}×${small} px; choose smaller ones`
  return sizes.flatMap((_, i) => bySource.flatMap((ofSource) => ofSource[i] ?? []))
}
