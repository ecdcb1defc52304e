// Renders every class in every art set into work/art/<set>/<class>.png and lists them in work/art/index.json.

import { mkdir, writeFile } from 'node:fs/promises'
import sharp from 'sharp'
import { artSets, classNames, draws, picture } from './art.mjs'

/** Longest side of a rendered object in pixels. */
const longestSide = 160

/** SVGs are rendered larger first, because the drawing seldom fills its square. */
const renderSize = 256

const folder = new URL('work/art/', import.meta.url)

async function render(set, name) {
  const { data, info } = await picture(set, name, renderSize)
  await sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } })
    .resize({ width: longestSide, height: longestSide, fit: 'inside' })
    .png({ compressionLevel: 1 })
    .toFile(new URL(`${set}/${name}.png`, folder).pathname)
}

const classes = classNames()
for (const set of artSets) {
  await mkdir(new URL(`${set}/`, folder), { recursive: true })
  const drawn = classes.filter((name) => draws(set, name))
  for (const name of drawn) await render(set, name)
  console.error(`${set}: ${drawn.length} of ${classes.length} classes`)
}
const sets = Object.fromEntries(artSets.map((set) => [set, classes.filter((name) => draws(set, name))]))
await writeFile(new URL('index.json', folder), JSON.stringify({ classes, sets }))
