import { join } from 'node:path'
import { z } from 'zod'
import { CONFIDENCE } from '../consistency/protocols.js'
import { InputError } from '../errors.js'
import { CONFIDENT } from '../experiments/confidence.js'
import { MOST_BYTES, readStored } from '../files/json.js'
import { readNamed, regularSize } from '../files/regularFile.js'
import { csvRows } from '../results/csv.js'
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
  const remedy = 'run consistency on this folder again'
  const damaged = (what: string) => new InputError(`${file} is damaged: ${what}; ${remedy}`)
  if ((await regularSize(file).catch(() => 0)) > MOST_BYTES) throw damaged('it is too long')
  const rows = csvRows((await readNamed(file, remedy)).toString('utf8'), file)
  const [head = [], ...lines] = Array.from(rows, ([, cells]) => cells)
  const first = ['photograph', 'sha256', ...(head[2] === 'label' ? ['label'] : [])]
  const expected = [...first, ...measures.map(({ protocol, measure }) => `${protocol} ${measure}`)]
  if (JSON.stringify(head) !== JSON.stringify(expected)) throw damaged('its columns are not those of consistency.json')
  if (lines.length !== network.photographs) throw damaged('it has another number of photographs than consistency.json')
  return lines.map((cells, i) => {
    const [name = '', sha256 = ''] = cells
    const [label, numbers] = [cells[first.indexOf('label')], cells.slice(first.length)]
    const isWhole = cells.length === head.length && /^[0-9a-f]{64}$/.test(sha256)
    if (!isWhole || !numbers.every((cell) => NUMBER.test(cell)))
      throw damaged(`its photograph ${i + 1} is not complete`)
    // A value that does not exist is an empty cell.
    const values = Float64Array.from(numbers, (cell) => (cell === '' ? Number.NaN : Number(cell)))
    const own = label ? { ...settings, label: printable(label) } : settings
    return { name, sha256, settings: own, facts, values: async () => valuesOf(measures, values) }
  })
}

/** Begins the names of measures over confident photographs. */
export const CONFIDENT_ROWS = 'confident, '

/** Numbers whose squares can be added, or nothing. */
const NUMBER = /^(-?\d{1,20}(\.\d+)?(e[-+]?\d{1,2})?|)$/

/** A photograph's values. Those of protocols to whose first image the answer is confident come a second time. */
function valuesOf(measures: Network['measures'], values: Float64Array): readonly UnitValue[] {
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
