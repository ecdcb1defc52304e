import sharp from 'sharp'
import { expect, it } from 'vitest'
import type { ConsistencyMeasure, NetworkConsistency } from '../../src/consistency/page/contract.js'
import { consistencyPage } from '../../src/consistency/page/page.js'
import type { ShownAnswers } from '../../src/consistency/page/paths.js'
import { meanAndError } from '../../src/support/statistics.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

type Key = Pick<ConsistencyMeasure, 'protocol' | 'measure' | 'title' | 'unit' | 'better'>

const CROP: Key = {
  protocol: 'crop',
  measure: 'agreement',
  title: 'same answer in two random crops',
  unit: 'share',
  better: 'higher',
}
const CHANGE: Key = {
  protocol: 'diagonal',
  measure: 'change',
  title: 'answer changes after a step of 1 px',
  unit: 'share',
  better: 'lower',
}
const confidenceIn = (protocol: 'crop' | 'diagonal'): Key => ({
  protocol,
  measure: 'confidence',
  title: 'probability of the first answer',
  unit: 'probability',
  better: 'neither',
})
const KEYS = [CROP, confidenceIn('crop'), CHANGE, confidenceIn('diagonal')]

/** A network whose photographs `0.png`, `1.png`, … have these values of `KEYS`. */
function made(model: string, values: readonly (readonly number[])[], keys: readonly Key[] = KEYS): NetworkConsistency {
  const meansOf = (i: number, rows: readonly (readonly number[])[]) => ({
    ...meanAndError(rows.map((row) => row[i] as number)),
    count: rows.length,
  })
  return {
    ...{ model, frame: 32, device: 'cpu', failed: [] },
    measures: keys.map((key, i) => ({ ...key, ...meansOf(i, values), confident: meansOf(i, values.slice(1)) })),
    photographs: values.map((row, i) => ({ name: `${i}.png`, sha256: '', values: row })),
  }
}

async function pageOf(networks: readonly NetworkConsistency[], answers: Partial<ShownAnswers> = {}) {
  const result = { protocols: ['crop', 'diagonal'], draws: 5, seed: 0, networks }
  const frames: ShownAnswers['frames'] = async (network, photograph) =>
    Array.from({ length: 5 }, (_, i) => ({ answer: `${network}'s ${photograph} ${i % 2}`, probability: 0.5, right: NaN }))
  return consistencyPage(result, { files: [], frames, ...answers })
}
