import { join } from 'node:path'
import { RULES, type Rule, readCocoIndex, readSegmentation } from '../../../src/patches/cocoAnnotations.js'
import { findImage } from '../../../src/patches/cocoImage.js'
import { type CocoChoice, chooseObjects } from '../../../src/patches/cocoPatches.js'
import { messageLine } from '../../../src/support/text.js'
import { disturb, documentText, oddText } from '../documents.js'
import type { Random } from '../random.js'
import { messageFaults, placeFiles, type Reader } from '../reader.js'
import { drawSegmentation, maskOf } from './masks.js'

/** Larger ones would be of larger pictures. */
const mostPixels = 1 << 18

/** COCO's annotation files, up to the masks of the objects that are chosen. */
export const annotations: Reader = {
  name: 'annotations',
  open: (folder) => {
    const path = join(folder, 'case.json')
    return {
      draw: (random) => ({
        kind: random.pick(RULES),
        files: { 'case.json': documentText(disturb(drawDocument(random), random), random) },
      }),
      read: async (drawn) => {
        placeFiles(folder, drawn)
        return readObjects(folder, path, drawn.kind as Rule)
      },
    }
  },
}

async function readObjects(folder: string, path: string, rule: Rule): Promise<string[]> {
  const faults: string[] = []
  const index = await readCocoIndex(path, rule)
  for (const choice of chooseObjects(index, [...index.categories.keys()].slice(0, 3), 2)) {
    faults.push(...(await pathFaults(folder, choice)))
    const { rows, cols } = choice.image ?? { rows: 1, cols: 1 }
    const segmentation = await readSegmentation(index, choice.annotation)
    if (rows * cols <= mostPixels) faults.push(...((await maskOf(segmentation, rows, cols)) ?? []))
  }
  return faults
}

async function pathFaults(folder: string, { image }: CocoChoice): Promise<readonly string[]> {
  if (image === undefined) return []
  try {
    const found = await findImage(folder, image)
    return found === undefined || found.path.startsWith(`${folder}/`) ? [] : [`an image lies at ${found.path}`]
  } catch (error) {
    if (!(error instanceof Error) || error.constructor !== Error) throw error
    return messageFaults(messageLine(error.message))
  }
}

function drawDocument(random: Random): Record<string, unknown> {
  const side = () => 1 + random.below(64)
  const images = Array.from({ length: 1 + random.below(3) }, (_, id) => ({
    id,
    file_name: random.chance(0.9) ? `${id}.jpg` : oddText(random),
    width: side(),
    height: side(),
    ...(random.chance(0.5) && { license: 1, coco_url: `http://localhost/${id}.jpg` }),
  }))
  const categories = Array.from({ length: 1 + random.below(3) }, (_, id) => ({ id, name: `class ${id}` }))
  const objects = Array.from({ length: 1 + random.below(4) }, (_, id) => {
    const image = random.pick(images)
    return {
      id,
      image_id: image.id,
      category_id: random.pick(categories).id,
      segmentation: drawSegmentation(random, image.height, image.width).segmentation,
      area: random.below(1000),
      bbox: [random.below(20), random.below(20), 40, 40],
      iscrowd: random.below(2),
    }
  })
  const licenses = [{ id: 1, name: 'free', url: 'http://localhost' }]
  const document = { info: { year: 2017 }, licenses, images, annotations: objects, categories }
  if (random.chance(0.8)) return document
  const sections = Object.entries(document)
  return Object.fromEntries(random.chance(0.5) ? sections.reverse() : sections.slice(random.below(sections.length)))
}
