import type { NetworkInput } from '../networks/index.js'
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

/** @param copyOf also gets the number of values per pixel */
function withPixels(scene: Scene | Frames, copyOf: <T extends Frame>(pixels: T, samples: number) => T): Scene | Frames {
  if ('frames' in scene) return { frames: scene.frames.map((frame) => copyOf(frame, 3)) }
  const { patch, background } = scene
  return {
    ...scene,
    patch: { ...patch, rgba: copyOf(patch.rgba, 4) },
    background: 'rgb' in background ? background : { image: copyOf(background.image, 3) },
  }
}

/** Makes a scene grey if the network takes grey pictures: all three channels are then the luminance. */
export function inColoursOf(scene: Scene | Frames, { channelOrder }: NetworkInput): Scene | Frames {
  if (channelOrder !== 'grey') return scene
  const grey = withPixels(scene, greyPixels)
  if ('frames' in grey || 'image' in grey.background) return grey
  const [luminance = 0] = greyPixels(Uint8Array.from(grey.background.rgb), 3)
  return { ...grey, background: { rgb: [luminance, luminance, luminance] } }
}

/**
 * Replaces red, green and blue by the luminance that Pillow's conversion to `L` gives (ITU-R BT.601). For pixels with
 * fractions, it is not rounded.
 * @param samples number of values per pixel; those after the third do not change
 */
function greyPixels<T extends Frame>(pixels: T, samples: number): T {
  const grey = pixels.slice() as T
  for (let at = 0; at < grey.length; at += samples) {
    const sum = 19595 * (grey[at] as number) + 38470 * (grey[at + 1] as number) + 7471 * (grey[at + 2] as number)
    grey.fill(grey instanceof Uint8Array ? (sum + 0x8000) >> 16 : sum / 0x10000, at, at + 3)
  }
  return grey
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
