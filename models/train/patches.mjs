// Makes the built-in patches: ../patches/<name>.png and ../patches/manifest.json.

import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import sharp from 'sharp'
import { picture } from './art.mjs'

/** Patch name (a COCO category) and the Unicode short name of its picture. */
const objects = {
  car: 'automobile',
  airplane: 'airplane',
  boat: 'sailboat',
  dog: 'dog',
  bird: 'bird',
  zebra: 'zebra',
  orange: 'tangerine',
  banana: 'banana',
  clock: 'alarm-clock',
  laptop: 'laptop',
}

const supercategories = {
  car: 'vehicle',
  airplane: 'vehicle',
  boat: 'vehicle',
  dog: 'animal',
  bird: 'animal',
  zebra: 'animal',
  orange: 'food',
  banana: 'food',
  clock: 'indoor',
  laptop: 'electronic',
}

const set = 'fluent-emoji-3d'
const artist = 'Microsoft Corporation'
const source = 'https://github.com/microsoft/fluentui-emoji'
const licence = 'MIT'

const folder = new URL('../patches/', import.meta.url)

/**
 * Gives every pixel with alpha < 128 the colour of the nearest part of the object, ring by ring outwards. Otherwise,
 * interpolation of the separate channels would bring foreign colours to the edge. Alpha stays unchanged.
 */
function bleedColours(rgba, width, height) {
  let known = new Uint8Array(width * height)
  for (let pixel = 0; pixel < known.length; pixel++) known[pixel] = rgba[4 * pixel + 3] >= 128 ? 1 : 0
  while (known.includes(0)) {
    const next = known.slice()
    for (let row = 0; row < height; row++) {
      for (let col = 0; col < width; col++) {
        const pixel = row * width + col
        if (known[pixel]) continue
        const mean = meanOfKnownNeighbours(rgba, known, row, col, width, height)
        if (mean === undefined) continue
        for (let channel = 0; channel < 3; channel++) rgba[4 * pixel + channel] = Math.round(mean[channel])
        next[pixel] = 1
      }
    }
    known = next
  }
}

function meanOfKnownNeighbours(rgba, known, row, col, width, height) {
  const sum = [0, 0, 0]
  let count = 0
  for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
    for (let x = Math.max(0, col - 1); x <= Math.min(width - 1, col + 1); x++) {
      const pixel = y * width + x
      if (!known[pixel]) continue
      for (let channel = 0; channel < 3; channel++) sum[channel] += rgba[4 * pixel + channel]
      count++
    }
  }
  return count === 0 ? undefined : sum.map((value) => value / count)
}

await mkdir(folder, { recursive: true })
const patches = []
for (const [name, shortName] of Object.entries(objects)) {
  const { data, info } = await picture(set, shortName, 256)
  bleedColours(data, info.width, info.height)
  const png = await sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } })
    .png({ compressionLevel: 9, adaptiveFiltering: true, palette: false })
    .toBuffer()
  const file = `${name}.png`
  await writeFile(new URL(file, folder), png)
  patches.push({
    name,
    file,
    category: name,
    supercategory: supercategories[name],
    class: shortName,
    width: info.width,
    height: info.height,
    artist,
    source,
    licence,
    sha256: createHash('sha256').update(png).digest('hex'),
  })
}
await writeFile(new URL('manifest.json', folder), `${JSON.stringify({ kind: 'built-in', patches }, null, 2)}\n`)
