import { cocoMask } from '../../../src/patches/cocoMask.js'
import { messageLine } from '../../../src/support/text.js'
import { disturb, documentText, oddInteger } from '../documents.js'
import type { Random } from '../random.js'
import { messageFaults, type Reader } from '../reader.js'

const mostSide = 96

/** Run lengths, as a list and compressed, and polygons, in images of up to 96×96 pixels. */
export const masks: Reader = {
  name: 'masks',
  open: () => ({
    draw: (random) => {
      const [rows, cols] = [1 + random.below(mostSide), 1 + random.below(mostSide)]
      const { kind, segmentation } = drawSegmentation(random, rows, cols)
      return { kind, files: { 'case.json': documentText(disturb({ segmentation, rows, cols }, random), random) } }
    },
    read: async ({ files }) => {
      const { segmentation, rows, cols } = parsed(files['case.json'] as string)
      return maskOf(segmentation, sideOf(rows), sideOf(cols))
    },
  }),
}

function parsed(text: string | Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(String(text)) ?? {}
  } catch {
    return {}
  }
}

/** Sides come from a picture that is there. */
function sideOf(value: unknown): number {
  return Number.isInteger(value) ? (Math.abs(value as number) % mostSide) + 1 : 1
}

/** @returns faults; undefined for a mask that is refused, which is an error of the object alone */
export async function maskOf(
  segmentation: unknown,
  rows: number,
  cols: number,
): Promise<readonly string[] | undefined> {
  try {
    const mask = cocoMask(segmentation, rows, cols)
    if (mask.columns.length !== rows * cols) return [`a mask has ${mask.columns.length} pixels`]
    return mask.columns.every((value) => value <= 1) ? [] : ['a mask holds more than 0 and 1']
  } catch (error) {
    if (!(error instanceof Error) || error.constructor !== Error) throw error
    const faults = messageFaults(messageLine(error.message))
    return faults.length > 0 ? faults : undefined
  }
}

export interface DrawnSegmentation {
  readonly kind: 'runs' | 'compressed' | 'polygons' | 'boxes'
  readonly segmentation: unknown
}

export function drawSegmentation(random: Random, rows: number, cols: number): DrawnSegmentation {
  const kind = random.pick(['runs', 'compressed', 'polygons', 'boxes'] as const)
  switch (kind) {
    case 'runs':
      return { kind, segmentation: { size: [rows, cols], counts: runs(random, rows * cols) } }
    case 'compressed':
      return { kind, segmentation: { size: [rows, cols], counts: compressed(random, runs(random, rows * cols)) } }
    case 'polygons':
      return { kind, segmentation: random.several(3, () => polygon(random, rows, cols)) }
    case 'boxes':
      return { kind, segmentation: [[0, 0, cols, rows].map((value) => value + random.below(3))] }
  }
}

function runs(random: Random, pixels: number): number[] {
  const made: number[] = []
  let left = pixels
  while (left > 0 && made.length < 60) {
    const run = Math.min(left, random.below(1 + Math.ceil(pixels / 4)))
    made.push(run)
    left -= run
  }
  return left > 0 ? [...made, left] : made
}

/** As COCO's API writes them. */
function compressed(random: Random, counts: readonly number[]): string {
  let text = ''
  for (const [i, count] of counts.entries()) {
    let rest = i > 2 ? count - (counts[i - 2] as number) : count
    if (random.chance(0.01)) rest = oddInteger(random)
    for (let more = true; more; ) {
      const code = rest & 31
      rest >>= 5
      more = code & 16 ? rest !== -1 : rest !== 0
      text += String.fromCharCode(48 + (more ? code | 32 : code))
    }
  }
  return text
}

function polygon(random: Random, rows: number, cols: number): number[] {
  const corners = random.chance(0.001) ? random.below(20_000) : 3 + random.below(12)
  return Array.from({ length: corners }, () => [coordinate(random, cols), coordinate(random, rows)]).flat()
}

function coordinate(random: Random, side: number): number {
  if (random.chance(0.02)) return oddInteger(random)
  return random.below(10 * side) / 10 + (random.chance(0.1) ? -side : 0)
}
