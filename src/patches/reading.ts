import { parse as parseProfile } from 'icc'
import type { Metadata, Sharp } from 'sharp'

/**
 * How a picture file becomes pixels. `torchvision` gives the pixels of torchvision's image loader,
 * `PIL.Image.open(file).convert('RGB')`: colour profile and EXIF orientation are ignored, and transparency is dropped.
 * `display` gives what a browser shows: the profile is converted to sRGB, and the orientation is applied.
 */
export const READINGS = ['torchvision', 'display'] as const
export type Reading = (typeof READINGS)[number]

/** An 8-bit picture, row-major [rows, cols, channels]: RGB, or RGBA with straight alpha. */
export interface Pixels {
  readonly rows: number
  readonly cols: number
  readonly data: Uint8Array
}

/** Largest picture that is decoded, in pixels: 64 megapixels, 256 MB as RGBA. */
export const MAX_PIXELS = 64_000_000

/** The facts of a picture's header that matter here. */
type Header = Pick<Metadata, 'icc' | 'orientation' | 'space' | 'hasAlpha'>

/** @returns RGBA as a browser shows it */
export async function displayedPixels(bytes: Uint8Array): Promise<Pixels> {
  const { icc } = await (await opened(bytes, true)).metadata()
  return pixelsOf((await opened(bytes, !isConverted(icc))).autoOrient().toColourspace('srgb').ensureAlpha())
}

/**
 * Reads RGB as torchvision does. Pictures in formats that Pillow lacks are read in the same way.
 * @returns also whether a browser may show other colours or another orientation
 */
export async function torchvisionPixels(
  bytes: Uint8Array,
): Promise<{ readonly pixels: Pixels; readonly looksDifferent: boolean }> {
  const picture = await opened(bytes, true)
  const header: Header = await picture.metadata()
  return { pixels: await rgbOf(picture, header), looksDifferent: looksDifferent(header) }
}

async function opened(bytes: Uint8Array, ignoreIcc: boolean): Promise<Sharp> {
  const { default: sharp } = await import('sharp')
  return sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', ignoreIcc })
}

async function rgbOf(picture: Sharp, { space }: Header): Promise<Pixels> {
  if (space === 'cmyk') {
    const { data, ...size } = await pixelsOf(picture.pipelineColourspace('cmyk').toColourspace('cmyk'))
    return { ...size, data: rgbOfCmyk(data, data.length / (size.rows * size.cols)) }
  }
  // Pillow keeps grey values of 16 bits, and cuts them off at 255 when it converts them to RGB.
  if (space === 'grey16') {
    const grey = picture.removeAlpha().toColourspace('grey16').raw({ depth: 'ushort' })
    const { data, info } = await grey.toBuffer({ resolveWithObject: true })
    const values = new Uint16Array(data.buffer, data.byteOffset, info.width * info.height)
    const rgb = new Uint8Array(3 * values.length)
    for (const [i, value] of values.entries()) rgb.fill(Math.min(value, 255), 3 * i, 3 * i + 3)
    return { rows: info.height, cols: info.width, data: rgb }
  }
  return pixelsOf(picture.removeAlpha().toColourspace('srgb'))
}

async function pixelsOf(picture: Sharp): Promise<Pixels> {
  const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  return { rows: info.height, cols: info.width, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
}

/** Converts CMYK as Pillow does, without a profile (`cmyk2rgb` in its Convert.c). */
function rgbOfCmyk(cmyk: Uint8Array, channels: number): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / channels) * 3)
  for (let from = 0, to = 0; from < cmyk.length; from += channels, to += 3) {
    const white = 255 - cmyk[from + 3]!
    for (let c = 0; c < 3; c++) {
      // Rounded division by 255.
      const product = cmyk[from + c]! * white + 128
      rgb[to + c] = white - (((product >> 8) + product) >> 8)
    }
  }
  return rgb
}

function looksDifferent({ icc, orientation = 1, space, hasAlpha }: Header): boolean {
  return isConverted(icc) || orientation !== 1 || hasAlpha || space === 'cmyk' || space === 'grey16'
}

/** Whether a colour profile changes colours. Browsers ignore a broken one, too. */
function isConverted(profile: Buffer | undefined): boolean {
  if (profile === undefined) return false
  try {
    // After a header of 128 bytes, a profile states how many tags of 12 bytes follow, and icc would read billions of them.
    if (132 + 12 * profile.readUInt32BE(128) > profile.length) return false
    // "c2" is the short name of sRGB in small profiles.
    return !/sRGB|^c2\b/i.test(parseProfile(profile).description ?? '')
  } catch {
    return false
  }
}
