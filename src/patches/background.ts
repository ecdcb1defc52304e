import { stat } from 'node:fs/promises'
import { UsageError } from '../errors.js'
import { sha256 } from '../files/sha256.js'
import { type Image, readImage } from './image.js'

/** Background of the patch: one colour, or a picture of the frame's size (RGB, [rows, cols, 3]). */
export type Background = { readonly rgb: readonly [number, number, number] } | { readonly image: Uint8Array }

export const WHITE = 'white'

/** A background, and a text that identifies its pixels, such as `white` or a hash. Equal texts mean equal pixels. */
export interface NamedBackground {
  readonly identity: string
  readonly background: Background
}

/**
 * Reads a background for a square frame: `white`, a colour as `#rrggbb`, `noise:SEED`, or the path of a picture. A
 * picture is scaled (Lanczos filter with three lobes) until it just covers the frame. The parts outside the frame
 * are cut off. Transparent parts become white. The identity of a picture is a hash of its pixels in the frame, so its
 * name and folder do not matter.
 * @throws UsageError if the text is none of these
 * @throws InputError if the file is not a picture
 */
export async function readBackground(text: string, frameSide: number, signal?: AbortSignal): Promise<NamedBackground> {
  const drawn = drawnBackground(text)
  if (drawn !== undefined) {
    const { identity } = drawn
    return { identity, background: 'rgb' in drawn ? { rgb: drawn.rgb } : { image: drawn.draw(frameSide) } }
  }
  if (text.startsWith('#')) throw new UsageError(`background ${text} is not a colour; use white or #rrggbb`)
  if (text.startsWith('noise:'))
    throw new UsageError(`background ${text} needs a seed from 0 to 4294967295, such as noise:1`)
  if (text === '' || !(await stat(text).catch(() => undefined))?.isFile()) {
    throw new UsageError(
      `background ${text} is neither a colour nor an existing file; use white, #rrggbb, noise:SEED or a picture`,
    )
  }
  const image = await covering(onWhite(await readImage(text, signal)), frameSide)
  return { identity: `image:${sha256(image)}`, background: { image } }
}

/** A background that needs no file: a colour, or a function that draws a square frame, RGB [frame, frame, 3]. */
type DrawnBackground = { readonly identity: string } & (
  | { readonly rgb: readonly [number, number, number] }
  | { readonly draw: (frameSide: number) => Uint8Array }
)

/** Parses a background that needs no file; undefined for any other text, including invalid text. */
export function drawnBackground(text: string): DrawnBackground | undefined {
  const rgb = colourOf(text)
  if (rgb !== undefined) return { identity: text.toLowerCase(), rgb }
  const seed = Number(/^noise:(\d{1,10})$/.exec(text)?.[1])
  if (seed < 2 ** 32) return { identity: `noise:${seed}`, draw: (frameSide) => noise(seed, frameSide, frameSide) }
  return undefined
}

/** The colour `white` or `#rrggbb`; undefined for any other text. */
function colourOf(text: string): readonly [number, number, number] | undefined {
  if (text === WHITE) return [255, 255, 255]
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text)
  if (match === null) return undefined
  const channel = (group: number) => Number.parseInt(match[group]!, 16)
  return [channel(1), channel(2), channel(3)]
}

/**
 * Noise, RGB [rows, cols, 3]. Each value is from 0 to 255, uniform, and independent of the others. With MurmurHash3's
 * finaliser f, value i is the top byte of f((i + 1) · 0x9e3779b9 + f(seed)), in 32-bit arithmetic.
 */
export function noise(seed: number, rows: number, cols: number): Uint8Array {
  const start = mixed(seed)
  return Uint8Array.from({ length: rows * cols * 3 }, (_, i) => mixed(Math.imul(i + 1, 0x9e3779b9) + start) >>> 24)
}

/** MurmurHash3's 32-bit finaliser (Austin Appleby, public domain). */
function mixed(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35)
  return second ^ (second >>> 16)
}

/** Draws an RGBA picture on white. The result is RGB, [rows, cols, 3]. */
function onWhite({ rows, cols, data }: Image): Image {
  const rgb = new Uint8Array(rows * cols * 3)
  for (let source = 0, at = 0; source < data.length; source += 4) {
    const alpha = data[source + 3]!
    for (let channel = 0; channel < 3; channel++) {
      const value = data[source + channel]!
      rgb[at++] = alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255)
    }
  }
  return { rows, cols, data: rgb }
}

async function covering({ rows, cols, data }: Image, frameSide: number): Promise<Uint8Array> {
  if (rows === frameSide && cols === frameSide) return data
  const { default: sharp } = await import('sharp')
  const resized = await sharp(data, { raw: { width: cols, height: rows, channels: 3 } })
    .resize(frameSide, frameSide, { fit: 'cover', position: 'centre', kernel: 'lanczos3' })
    .raw()
    .toBuffer()
  return Uint8Array.from(resized)
}
