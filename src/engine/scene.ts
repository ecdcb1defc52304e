import type { Background } from '../patches/background.js'
import type { Patch } from '../patches/patch.js'
import type { Frame, Frames, Scene } from './task.js'

/** A transparent patch of one pixel, for frames without an object. */
export const NOTHING: Patch = { name: 'nothing', size: 1, rgba: new Uint8Array(4), sha256: '' }

export function sceneOf(
  patch: Patch,
  background: Background = { rgb: [255, 255, 255] },
  blend: Scene['blend'] = 'hard',
): Scene {
  return { patch, background, blend }
}

/** Puts the pixels into shared memory, so that they are not copied each time a batch is sent to a worker. */
export function sharedScene(scene: Scene | Frames): Scene | Frames {
  return withPixels(scene, shared)
}

/** Copies the pixels out of shared memory, because shared memory cannot be sent to another process. */
export function ownScene(scene: Scene | Frames): Scene | Frames {
  return withPixels(scene, (pixels) => pixels.slice() as typeof pixels)
}

function withPixels(scene: Scene | Frames, copyOf: <T extends Frame>(pixels: T) => T): Scene | Frames {
  if ('frames' in scene) return { frames: scene.frames.map((frame) => copyOf(frame)) }
  const { patch, background } = scene
  return {
    ...scene,
    patch: { ...patch, rgba: copyOf(patch.rgba) },
    background: 'rgb' in background ? background : { image: copyOf(background.image) },
  }
}

/** Makes a square picture for the caller to fill. It is in shared memory, so workers receive it without a copy. */
export function emptyFrame(side: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(side * side * 3))
}

function shared<T extends Frame>(pixels: T): T {
  if (pixels.buffer instanceof SharedArrayBuffer) return pixels
  const memory = new SharedArrayBuffer(pixels.byteLength)
  const copy = pixels instanceof Uint8Array ? new Uint8Array(memory) : new Float32Array(memory)
  copy.set(pixels)
  return copy as T
}
