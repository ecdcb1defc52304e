import { type Background, parseColour, WHITE } from '../patches/background.js'
import type { Patch } from '../patches/patch.js'
import type { Scene } from './task.js'

/**
 * The scene of a patch on a background.
 * @param background pixels, or `white` or a colour as `#rrggbb`
 * @throws UsageError for any other name
 */
export function sceneOf(patch: Patch, background: Background | string = WHITE, blend: Scene['blend'] = 'hard'): Scene {
  return {
    patch,
    background: typeof background === 'string' ? { rgb: parseColour(background) } : background,
    blend,
  }
}
