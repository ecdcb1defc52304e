import { createHash } from 'node:crypto'
import type { NetworkInput } from '../../network.js'
import { AXES, type Axis, positionRange } from '../scene/positions.js'
import type { Scene } from '../scene/task.js'
import type { CellSteps } from './cellStep.js'
import { type Both, both, cellKeys, type Keys } from './keys.js'

/** Pixels with less alpha than this are invisible. */
const SEEN: Readonly<Record<Scene['blend'], number>> = { hard: 128, soft: 1 }

/** Makes a scene's `Keys`, for all positions of the patch. */
export function sceneKeys(steps: Pick<CellSteps, 'steps'>, scene: Scene, input: NetworkInput): Keys {
  const opaque = opaquePart(scene)
  const along = (axis: Axis) => {
    const frameSide = input[axis]
    const positions = positionRange(frameSide, scene.patch.size)
    return { frameSide, opaque: opaque[axis], positions, isVaried: isVaried(scene) }
  }
  return cellKeys(steps, input.name, both(along))
}

/**
 * Makes a version of `sceneKeys` for one network. If a scene has the same geometry as the one before, this version
 * returns the same keys again.
 */
export function cachedSceneKeys(): typeof sceneKeys {
  let last: { readonly geometry: string; readonly keys: Keys } | undefined
  return (steps, scene, input) => {
    const geometry = sceneGeometry(scene)
    if (last?.geometry !== geometry) last = { geometry, keys: sceneKeys(steps, scene, input) }
    return last.keys
  }
}

/** Scenes with equal texts have equal keys. */
export function sceneGeometry(scene: Scene): string {
  const { rows, cols } = opaquePart(scene)
  return JSON.stringify([scene.patch.size, rows, cols, isVaried(scene)])
}

/** A hash of everything that the pixels of a scene's images depend on. */
export function scenePixels({ patch: { size, rgba }, background, blend }: Scene): Buffer {
  const behind = 'image' in background ? background.image : Uint8Array.from(background.rgb)
  return createHash('sha256').update(`${size} ${blend} ${behind.length}`).update(rgba).update(behind).digest()
}

/** Number of positions per scene that are computed both with and without reuse, as a check. */
export const SAMPLED_POSITIONS = 3

/**
 * Positions for the check, [positions, 2]: the first and the last one, where the patch touches the frame's border, and
 * a third one. The third position is derived from the hash of the pixels, so it is the same in every run.
 */
export function samplePositions(pixels: Buffer, { patch: { size } }: Scene, { rows, cols }: NetworkInput): Int32Array {
  const ranges = [positionRange(rows, size), positionRange(cols, size)]
  const first = ranges.map((range) => range.first)
  const last = ranges.map((range) => range.first + range.count - 1)
  const between = ranges.map((range, axis) => range.first + (pixels.readUInt32LE(4 * axis) % range.count))
  return Int32Array.from([...first, ...last, ...between])
}

function isVaried({ background }: Scene): boolean {
  return 'image' in background
}

/** Along each axis, the first visible pixel of the patch, and the first pixel after the last visible one. */
function opaquePart({ patch: { size, rgba }, blend }: Scene): Both<readonly [number, number]> {
  const begin = { rows: size, cols: size }
  const end = { rows: 0, cols: 0 }
  for (let row = 0; row < size; row++) {
    for (let col = 0; col < size; col++) {
      if (rgba[(row * size + col) * 4 + 3]! < SEEN[blend]) continue
      const place = { rows: row, cols: col }
      for (const axis of AXES) {
        begin[axis] = Math.min(begin[axis], place[axis])
        end[axis] = Math.max(end[axis], place[axis] + 1)
      }
    }
  }
  return both((axis) => [Math.min(begin[axis], end[axis]), end[axis]] as const)
}
