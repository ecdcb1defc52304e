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
  if ('frames' in scene) return { frames: scene.frames.map(sharedFrame) }
  const { patch, background } = scene
  return {
    ...scene,
    patch: { ...patch, rgba: sharedBytes(patch.rgba) },
    background: 'rgb' in background ? background : { image: sharedBytes(background.image) },
  }
}

/** Copies the pixels out of shared memory, because shared memory cannot be sent to another process. */
export function ownScene(scene: Scene | Frames): Scene | Frames {
  if ('frames' in scene) return { frames: scene.frames.map((frame) => frame.slice()) }
  const { patch, background } = scene
  return {
    ...scene,
    patch: { ...patch, rgba: Uint8Array.from(patch.rgba) },
    background: 'rgb' in background ? background : { image: Uint8Array.from(background.image) },
  }
}

/** Makes a square picture for the caller to fill. It is in shared memory, so workers receive it without a copy. */
export function emptyFrame(side: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(side * side * 3))
}

function sharedFrame(frame: Frame): Frame {
  if (frame.buffer instanceof SharedArrayBuffer) return frame
  if (frame instanceof Uint8Array) return sharedBytes(frame)
  const copy = new Float32Array(new SharedArrayBuffer(frame.byteLength))
  copy.set(frame)
  return copy
}

function sharedBytes(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
