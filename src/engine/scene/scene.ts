import type { NetworkInput } from '../../network.js'
import type { Background } from '../../patches/background.js'
import type { Patch } from '../../patches/patch.js'
import type { ImageSpec, Scene } from './task.js'

/** A transparent patch of one pixel, for frames without an object. */
export const NOTHING: Patch = { name: 'nothing', size: 1, rgba: new Uint8Array(4), sha256: '' }

export function sceneOf(
  patch: Patch,
  background: Background = { rgb: [255, 255, 255] },
  blend: Scene['blend'] = 'hard',
): Scene {
  return { patch, background, blend }
}

/** A scene of square pixels, RGBA [side, side, 4], that are no patch of a study. */
export function pixelScene(side: number, rgba: Uint8Array, background?: Background): Scene {
  return sceneOf({ ...NOTHING, size: side, rgba }, background)
}

/** Describes a picture that fills the frame: RGB [rows, cols, 3]. */
export function pictureSpec(image: Uint8Array): ImageSpec {
  return { scene: sceneOf(NOTHING, { image }), row: 0, col: 0 }
}

/** Puts the pixels into shared memory, so that they are not copied each time a batch is sent to a worker. */
export function sharedScene(scene: Scene): Scene {
  return withPixels(scene, shared)
}

/** Copies the pixels out of shared memory, because shared memory cannot be sent to another process. */
export function ownScene(scene: Scene): Scene {
  return withPixels(scene, (pixels) => pixels.slice())
}

/** @param copyOf also gets the number of values per pixel */
function withPixels(scene: Scene, copyOf: (pixels: Uint8Array, samples: number) => Uint8Array): Scene {
  const { patch, background } = scene
  return {
    ...scene,
    patch: { ...patch, rgba: copyOf(patch.rgba, 4) },
    background: 'rgb' in background ? background : { image: copyOf(background.image, 3) },
  }
}

/** Makes a scene grey if the network takes grey pictures: all three channels are then the luminance. */
export function inColoursOf(scene: Scene, { channelOrder }: NetworkInput): Scene {
  if (channelOrder !== 'grey') return scene
  const grey = withPixels(scene, greyPixels)
  if ('image' in grey.background) return grey
  const [luminance = 0] = greyPixels(Uint8Array.from(grey.background.rgb), 3)
  return { ...grey, background: { rgb: [luminance, luminance, luminance] } }
}

/**
 * Replaces red, green and blue by the luminance that Pillow's conversion to `L` gives (ITU-R BT.601).
 * @param samples number of values per pixel; those after the third do not change
 */
function greyPixels(pixels: Uint8Array, samples: number): Uint8Array {
  const grey = pixels.slice()
  for (let at = 0; at < grey.length; at += samples) {
    const sum = 19595 * grey[at]! + 38470 * grey[at + 1]! + 7471 * grey[at + 2]!
    grey.fill((sum + 0x8000) >> 16, at, at + 3)
  }
  return grey
}

function shared(pixels: Uint8Array): Uint8Array {
  if (pixels.buffer instanceof SharedArrayBuffer) return pixels
  const copy = new Uint8Array(new SharedArrayBuffer(pixels.byteLength))
  copy.set(pixels)
  return copy
}
