import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../../src/files/sha256.js'
import { groupRows } from '../../../src/results/rows.js'
import { openUnit } from '../../../src/results/unit/open.js'
import { findUnit, unitFolder, writeUnit } from '../../../src/results/unit/store.js'
import { arraysOf, inputs, madeUnit } from '../../support/unit.js'
import { disturb, documentText } from '../documents.js'
import { mutate } from '../mutation.js'
import { placeFiles, type Reader } from '../reader.js'

/** A unit of a results folder: its description, and its arrays as the report takes them. */
export const units: Reader = {
  name: 'units',
  open: async (results) => {
    const made = madeUnit()
    const { arrays: digests, ...unit } = await writeUnit(results, made.unit, arraysOf(made.unit, made.maps))
    const folder = unitFolder(results, inputs)
    const maps = readFileSync(join(folder, 'similarity.npy'))
    const text = JSON.stringify(unit)
    return {
      draw: (random) => {
        const array = random.chance(0.2) ? mutate(maps, random, [maps]) : maps
        const isDigestKept = random.chance(0.2)
        const arrays = isDigestKept ? { ...digests } : { ...digests, 'similarity.npy': sha256(array) }
        const changed = disturb({ ...JSON.parse(text), arrays }, random)
        const document = random.chance(0.9) ? sealed(changed) : disturb(sealed(changed), random)
        const kind = random.pick(['finished', 'opened', 'opened'])
        return { kind, files: { 'unit.json': documentText(document, random), 'similarity.npy': array } }
      },
      read: async (drawn) => {
        placeFiles(folder, drawn)
        if (drawn.kind === 'finished') {
          const { state } = await findUnit(results, inputs)
          return state === 'finished' ? [] : undefined
        }
        const unit = await openUnit(results, folder)
        await unit.maps()
        for (const { name } of unit.layers) await unit.anchorFeatures(name)
        const rows = groupRows({ ...unit.inputs, units: [unit.description] }, [])
        return rows.every(({ mean }) => Number.isFinite(mean)) ? [] : ['a mean is not finite']
      },
    }
  },
}

/** A document with the hash of its own text, as the program writes it, in the place of one that it had. */
export function sealed(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document
  const { sha256: _, ...content } = document as { readonly sha256?: unknown }
  return { ...content, sha256: sha256(JSON.stringify(content)) }
}
