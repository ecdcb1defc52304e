// The art sets, the classes, and the picture of a class in a set.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import sharp from 'sharp'

const packages = createRequire(import.meta.url)
const readJson = (specifier) => JSON.parse(readFileSync(packages.resolve(specifier), 'utf8'))

/** Sets of SVGs, by Unicode short name (in noto's spelling). */
const vectorSets = ['fluent-emoji', 'fluent-emoji-flat', 'noto', 'noto-v1', 'twemoji', 'fxemoji']

export const artSets = ['fluent-emoji-3d', ...vectorSets]

const icons = Object.fromEntries(vectorSets.map((set) => [set, readJson(`@iconify-json/${set}/icons.json`)]))

const codepointsOf = new Map(
  ['fluent-emoji-flat', 'noto', 'twemoji'].flatMap((set) =>
    Object.entries(readJson(`@iconify-json/${set}/chars.json`)).map(([codepoints, name]) => [name, codepoints]),
  ),
)

const folder3d = join(dirname(packages.resolve('@lobehub/fluent-emoji-3d/package.json')), 'assets')

/** Path of the 3D picture for a name. Unlike in other sets, a file name may contain the variation selector fe0f. */
function path3d(name) {
  const codepoints = codepointsOf.get(name)
  if (codepoints === undefined) return undefined
  return [codepoints, `${codepoints}-fe0f`, codepoints.padStart(4, '0')]
    .map((stem) => join(folder3d, `${stem}.webp`))
    .find((path) => existsSync(path))
}

/** fxemoji spells the same short names without hyphens. */
const spelling = (set, name) => (set === 'fxemoji' ? name.replaceAll('-', '') : name)

/** Whether the set has a picture for the name. */
export function draws(set, name) {
  return set === 'fluent-emoji-3d' ? path3d(name) !== undefined : spelling(set, name) in icons[set].icons
}

/**
 * The set's picture for a name.
 * @param size side in pixels of the square that an SVG is rendered into; bitmaps keep their own size
 * @returns RGBA, 8 bit, straight alpha, cut to the bounding box of alpha >= 128
 */
export async function picture(set, name, size) {
  const source = set === 'fluent-emoji-3d' ? path3d(name) : Buffer.from(svg(set, name, size))
  const { data, info } = await sharp(source).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const box = boundingBox(data, info.width, info.height)
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } })
    .extract(box)
    .raw()
    .toBuffer({ resolveWithObject: true })
}

function svg(set, name, size) {
  const { icons: bodies, width: commonWidth = 16, height: commonHeight = 16 } = icons[set]
  const { body, width = commonWidth, height = commonHeight } = bodies[spelling(set, name)]
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${size}" height="${size}" viewBox="0 0 ${width} ${height}">${body}</svg>`
}

function boundingBox(rgba, width, height) {
  let [left, top, right, bottom] = [width, height, -1, -1]
  for (let row = 0; row < height; row++) {
    for (let col = 0; col < width; col++) {
      if (rgba[4 * (row * width + col) + 3] < 128) continue
      left = Math.min(left, col)
      right = Math.max(right, col)
      top = Math.min(top, row)
      bottom = Math.max(bottom, row)
    }
  }
  if (right < 0) throw new Error('the picture has no pixel with alpha >= 128')
  return { left, top, width: right - left + 1, height: bottom - top + 1 }
}

const categories = ['Animals & Nature', 'Food & Drink', 'Travel & Places', 'Activities', 'Objects']

/** Names that are classes even if fewer sets draw them, because a built-in patch shows them. */
const patchNames = new Set(['zebra'])

/** The 24 clock faces differ only in their hands, which small crops do not show. */
const isClockFace = (name) => /-(oclock|thirty)$/.test(name)

/** Names of the classes: things, animals, food, vehicles and places that at least six of the seven sets draw. */
export function classNames() {
  const metadata = readJson('@iconify-json/noto/metadata.json')
  const names = categories.flatMap((category) => metadata.categories[category])
  return names
    .filter((name) => !isClockFace(name))
    .filter((name) => patchNames.has(name) || artSets.filter((set) => draws(set, name)).length >= 6)
    .sort()
}
