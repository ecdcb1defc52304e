import { UsageError } from '../../errors.js'
import type { Background } from '../../patches/background.js'
import { type Patch, type PatchSource, patchesOfSource } from '../../patches/patch.js'
import { nearestNames } from '../../support/text.js'
import { checkInFrame, drawObject, type PlacedObject, type RgbPixels } from './layout.js'

export interface SceneRenderer {
  /** The patches of all objects, sorted by name and size. */
  readonly patches: readonly Patch[]
  draw(objects: readonly PlacedObject[]): RgbPixels
}

/** Reads the patches of all objects and resizes each patch to its object's size. */
export async function sceneRenderer(
  objects: readonly PlacedObject[],
  sources: readonly PatchSource[],
  background: Background,
  side: number,
  blend: 'hard' | 'soft',
  signal?: AbortSignal,
): Promise<SceneRenderer> {
  const patches = new Map<string, Patch>()
  const keyOf = ({ patch, size }: PlacedObject) => `${patch} ${size}`
  for (const object of objects) {
    const source = sources.find(({ name }) => name === object.patch) ?? unknownPatch(object.patch, sources)
    checkInFrame(object, side)
    if (patches.has(keyOf(object))) continue
    const [patch] = await patchesOfSource(source, [object.size], side, blend, signal)
    patches.set(keyOf(object), patch!)
  }
  const blank = backgroundPixels(background, side)
  return {
    patches: [...patches].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, patch]) => patch),
    draw(scene) {
      const pixels = blank.slice()
      for (const object of scene) drawObject(pixels, side, patches.get(keyOf(object))!, object, blend)
      return pixels
    },
  }
}

function unknownPatch(name: string, sources: readonly PatchSource[]): never {
  const near = nearestNames(
    name,
    sources.map((source) => source.name),
    3,
  )
  throw new UsageError(
    `no object is called "${name}"; the most similar are ${near.join(', ')} ("shiftscope patches list" shows all)`,
  )
}

export function backgroundPixels(background: Background, side: number): RgbPixels {
  if ('image' in background) return background.image
  const { rgb } = background
  return Uint8Array.from({ length: side * side * 3 }, (_, i) => rgb[i % 3]!)
}
