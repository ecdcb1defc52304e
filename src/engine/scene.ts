import { UsageError } from '../errors.js'
import type { Patch } from '../patches/patch.js'
import type { Scene } from './task.js'

/** The paper's background and the default. */
export const WHITE = 'white'

/**
 * The scene of a patch on a background named in words.
 * @param background `white` or a colour as `#rrggbb`
 * @throws UsageError for any other name
 */
export function sceneOf(patch: Patch, background: string = WHITE, blend: Scene['blend'] = 'hard'): Scene {
  return { patch, background: { rgb: parseColour(background) }, blend }
}

/**
 * Red, green and blue, 0 to 255, of a background.
 * @throws UsageError if it is neither `white` nor `#rrggbb`
 */
export function parseColour(text: string): readonly [number, number, number] {
  if (text === WHITE) return [255, 255, 255]
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text)
  if (match === null) throw new UsageError(`background ${text} is not a colour; use white or #rrggbb`)
  const channel = (group: number) => Number.parseInt(match[group] as string, 16)
  return [channel(1), channel(2), channel(3)]
}
