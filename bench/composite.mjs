/**
 * Compares the speed of drawing images with that of writing memory, on one core:
 *
 *   npm run build && node bench/composite.mjs [--repeats 9] [--batch 448] [--json]
 *
 * Lower limit: every float of the batch is written once, 3·224·224·4 = 602,112 bytes per image. Background and patch
 * stay in the caches and cost at most one multiplication and one addition per float. At 0.8 of a core's 10 to 30 GB/s,
 * that is 13,000 to 40,000 images per second, a hundred times the speed of AlexNet on the same core. The 448 images
 * take 257 MiB, more than any cache holds.
 */

import { print, printJson, printTable } from '../dist/cli/output/output.js'
import { createCompositor, instructionSet } from '../dist/native.js'
import { noise } from '../dist/patches/background.js'
import { median } from '../dist/support/stopwatch.js'
import { counted } from '../dist/support/text.js'
import { gigabytes, runScript, wholeNumber, writeBandwidth } from './script.mjs'

/** Backgrounds, with a hard edge unless they say "soft alpha". The paper uses white with a hard edge. */
const BACKGROUND_KINDS = ['white', 'colour', 'noise', 'image', 'white, soft alpha', 'image, soft alpha']
/** Sides of the square patch, in pixels. */
const SIZES = [75, 125]
const SIDE = 224
const IMAGE_FLOATS = 3 * SIDE * SIDE

await runScript(
  {
    options: {
      repeats: { type: 'string', default: '9' },
      batch: { type: 'string', default: '448' },
      json: { type: 'boolean', default: false },
    },
  },
  async ({ values: { repeats, batch, json } }) => {
    const result = await benchComposite(wholeNumber(repeats), wholeNumber(batch))
    if (json) return printJson(result)
    print(`instruction set ${result.instructionSet}, batches of ${counted(result.batch, 'frame')} of 224×224`)
    printTable(
      ['background', 'patch', 'images/s', 'GB/s', 'bandwidth GB/s', 'fraction'],
      result.rows.map(({ background, size, imagesPerSecond, bytesPerSecond, bandwidth, fraction }) => [
        background,
        size,
        Math.round(imagesPerSecond),
        gigabytes(bytesPerSecond),
        gigabytes(bandwidth),
        fraction.toFixed(2),
      ]),
    )
  },
)

/**
 * Composites whole batches on one thread, alternating with measurements of the write bandwidth on the same memory.
 * Compares medians, because other work on the machine can slow single measurements. Rates are in bytes per second.
 */
async function benchComposite(repetitions, batch) {
  const out = new Float32Array(batch * IMAGE_FLOATS).fill(1)
  const rows = []
  for (const background of BACKGROUND_KINDS) {
    for (const size of SIZES) {
      const work = compositorOf(background, size)
      const offsets = spreadOffsets(batch, size)
      const rates = []
      const limits = []
      for (let repetition = 0; repetition < repetitions; repetition++) {
        limits.push(await writeBandwidth(out))
        const start = performance.now()
        await work.composite(offsets, out)
        rates.push(out.byteLength / ((performance.now() - start) / 1000))
      }
      const bytesPerSecond = median(rates)
      const bandwidth = median(limits)
      const imagesPerSecond = bytesPerSecond / (4 * IMAGE_FLOATS)
      rows.push({ background, size, imagesPerSecond, bytesPerSecond, bandwidth, fraction: bytesPerSecond / bandwidth })
    }
  }
  return { instructionSet: instructionSet(), batch, batchBytes: out.byteLength, rows }
}

function compositorOf(background, size) {
  // A disc with a soft edge, so that there are opaque, half transparent and transparent pixels.
  const patch = new Uint8Array(4 * size * size)
  for (let row = 0; row < size; row++) {
    for (let col = 0; col < size; col++) {
      const radius = Math.hypot(row - (size - 1) / 2, col - (size - 1) / 2) / (size / 2)
      const alpha = Math.max(0, Math.min(255, Math.round(2550 * (0.95 - radius))))
      patch.set([row % 256, col % 256, (row + col) % 256, alpha], 4 * (row * size + col))
    }
  }
  return createCompositor({
    patch,
    patchRows: size,
    patchCols: size,
    frameRows: SIDE,
    frameCols: SIDE,
    background: backgroundOf(background),
    normalisation: { divisor: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], channelOrder: 'rgb' },
    blend: background.endsWith('soft alpha') ? 'soft' : 'hard',
  })
}

function backgroundOf(kind) {
  if (kind.startsWith('white')) return { rgb: [255, 255, 255] }
  if (kind === 'colour') return { rgb: [18, 52, 86] }
  if (kind === 'noise') return { image: noise(1, SIDE, SIDE) }
  return { image: Uint8Array.from({ length: IMAGE_FLOATS }, (_, i) => (i * 37) % 256) }
}

/** Offsets all over the grid of positions, [count, 2]. */
function spreadOffsets(count, size) {
  const positions = SIDE - size + 1
  return Int32Array.from({ length: 2 * count }, (_, i) => ((i >> 1) * (i % 2 === 0 ? 31 : 17)) % positions)
}
