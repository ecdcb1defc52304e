import { join } from 'node:path'
import { z } from 'zod'
import { readPhotographsTable } from '../consistency/photographsTable.js'
import { CONFIDENCE } from '../consistency/protocols.js'
import { InputError } from '../errors.js'
import { CONFIDENT } from '../experiments/confidence.js'
import { readStored } from '../files/json.js'
import { fileName } from '../results/fileName.js'
import { BETTER } from '../results/measures.js'
import { printable } from '../support/text.js'
import type { ComparedFolder, ComparedUnit, Texts, UnitValue } from './pairing.js'

const networkSchema = z.object({
  model: z.string(),
  weightsSha256: z.string(),
  frame: z.number(),
  layer: z.string(),
  scores: z.object({ meaning: z.string() }),
  threshold: z.number().optional(),
  input: z.string(),
  precision: z.string(),
  measures: z.array(z.object({ protocol: z.string(), measure: z.string(), better: z.enum(BETTER) })),
  /** Number of photographs. */
  photographs: z.number(),
})
type Network = z.infer<typeof networkSchema>

/** The keys of consistency.json that are compared. */
const documentSchema = z.object({
  protocols: z.array(z.string()),
  draws: z.number(),
  seed: z.number(),
  background: z.string(),
  networks: z.array(networkSchema).min(1),
})

/** @throws InputError if consistency.json is damaged or of another version */
export async function openConsistency(path: string): Promise<ComparedFolder> {
  const file = join(path, 'consistency.json')
  const document = await readStored(documentSchema, file)
  if (document === undefined)
    throw new InputError(
      `${file} is damaged or of another version of shiftscope; run consistency again with another --out`,
    )
  const { protocols, draws, seed, background, networks } = document
  const settings = {
    // The protocol `center` only means that there are labels.
    protocols: protocols.filter((name) => name !== 'center').join(','),
    draws: String(draws),
    seed: String(seed),
    background,
  }
  return {
    kind: 'consistency',
    path,
    networks: networks.map(({ model }) => model),
    unitsOf: (name) => photographsOf(path, networks.find(({ model }) => model === name) as Network, settings),
  }
}

/** Reads photographs.csv and checks it against consistency.json. */
async function photographsOf(path: string, network: Network, settings: Texts): Promise<readonly ComparedUnit[]> {
  const { model, measures, weightsSha256: weights, layer, frame, input, scores, precision, threshold } = network
  const facts = {
    weights,
    layer,
    frame: `${frame} px`,
    input,
    scores: scores.meaning,
    precision,
    threshold: threshold?.toString(),
  }
  const file = join(path, 'networks', fileName(model), 'photographs.csv')
  const all = await readPhotographsTable(file, network)
  return all.map(({ name, sha256, label, values }) => {
    const own = label ? { ...settings, label: printable(label) } : settings
    return { name, sha256, settings: own, facts, values: async () => valuesOf(measures, values) }
  })
}

/** Begins the names of measures over confident photographs. */
export const CONFIDENT_ROWS = 'confident, '

/** A photograph's values. Those of protocols to whose first image the answer is confident come a second time. */
function valuesOf(measures: Network['measures'], values: readonly number[]): readonly UnitValue[] {
  const isConfident = (protocol: string) =>
    measures.some(
      (one, i) => one.protocol === protocol && one.measure === CONFIDENCE && (values[i] as number) >= CONFIDENT,
    )
  return measures.flatMap(({ protocol, measure, better }, i) => {
    const metric = `${protocol} ${measure}`
    const all = {
      metric,
      group: protocol,
      label: measure,
      better,
      isHeadline: better !== 'neither',
      value: values[i] as number,
    }
    if (measure === CONFIDENCE || !isConfident(protocol)) return [all]
    return [all, { ...all, metric: `${CONFIDENT_ROWS}${metric}`, group: `${CONFIDENT_ROWS}${protocol}` }]
  })
}
