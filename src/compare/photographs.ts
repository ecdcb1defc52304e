import { join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../errors.js'
import { CONFIDENT } from '../experiments/answers.js'
import { MOST_BYTES, readStored } from '../files/json.js'
import { readNamed, regularSize } from '../files/regularFile.js'
import { parseCsv } from '../results/csv.js'
import { fileName } from '../results/fileName.js'
import { BETTER } from '../results/measures.js'
import { differencesBetween, type Paired, type PairedValues, pairedByContent, type Texts } from './pairing.js'

const measureSchema = z.object({ protocol: z.string(), measure: z.string(), better: z.enum(BETTER) })

const networkSchema = z.object({
  model: z.string(),
  weightsSha256: z.string(),
  frame: z.number(),
  layer: z.string(),
  scores: z.object({ meaning: z.string() }),
  threshold: z.number().optional(),
  input: z.string().optional(),
  precision: z.string().optional(),
  measures: z.array(measureSchema),
  /** Number of photographs. */
  photographs: z.number(),
})

const documentSchema = z.object({
  protocols: z.array(z.string()),
  draws: z.number(),
  seed: z.number(),
  background: z.string(),
  labels: z.string().optional(),
  networks: z.array(networkSchema).min(1),
})

type Network = z.infer<typeof networkSchema>

/** A results folder of `consistency`. */
export interface ConsistencyFolder {
  readonly kind: 'consistency'
  readonly path: string
  readonly networks: readonly string[]
  readonly document: z.infer<typeof documentSchema>
}

/** @throws InputError if consistency.json is damaged or of another version */
export async function openConsistencyFolder(path: string): Promise<ConsistencyFolder> {
  const file = join(path, 'consistency.json')
  const stored = await readStored(z.looseObject({}), file)
  const remedy = 'run consistency again with another `out`, and compare that folder'
  if (stored === undefined) throw new InputError(`${file} is damaged; ${remedy}`)
  const { data } = documentSchema.safeParse(stored)
  if (data === undefined)
    throw new InputError(`${file} was made by another version of shiftscope, or is damaged; ${remedy}`)
  return { kind: 'consistency', path, networks: data.networks.map(({ model }) => model), document: data }
}

/** Settings of a call that must be equal. Labels add the protocol `center`, and nothing else changes. */
export function consistencySettings({ document }: ConsistencyFolder): Texts {
  const { protocols, draws, seed, background } = document
  return {
    protocols: protocols.filter((name) => name !== 'center').join(', '),
    draws: String(draws),
    seed: String(seed),
    background,
  }
}

/** Facts about a network that may differ. */
function factsOf({ document }: ConsistencyFolder, network: Network): Texts {
  return {
    weights: network.weightsSha256,
    layer: network.layer,
    frame: `${network.frame} px`,
    input: network.input,
    'meaning of the scores': network.scores.meaning,
    threshold: network.threshold?.toString(),
    precision: network.precision,
    labels: document.labels,
  }
}

/**
 * Pairs the photographs of two networks.
 * @throws InputError if a file is damaged
 */
export async function pairPhotographs(
  before: ConsistencyFolder,
  from: string,
  after: ConsistencyFolder,
  to: string,
): Promise<Paired> {
  const [one, other] = [networkOf(before, from), networkOf(after, to)]
  const [own, others] = await Promise.all([photographsOf(before, one), photographsOf(after, other)])
  const { pairs, unpaired } = pairedByContent(own, others)
  const named = ({ name, sha256 }: Photograph) => ({ name, sha256 })
  const columns = one.measures.flatMap((measure, i) => {
    const k = other.measures.findIndex((given) => nameOf(given) === nameOf(measure))
    return k < 0 ? [] : [{ ...measure, at: [i, k] as const }]
  })
  const valuesAt = ([i, k]: readonly [number, number]): [Float64Array, Float64Array] => [
    Float64Array.from(pairs, ([first]) => first.values[i] as number),
    Float64Array.from(pairs, ([, second]) => second.values[k] as number),
  ]
  const values = columns.flatMap(({ protocol, measure, better, at }): readonly PairedValues[] => {
    const name = `${protocol} ${measure}`
    const isHeadline = better !== 'neither'
    const [first, second] = valuesAt(at)
    const row = {
      metric: name,
      name,
      group: protocol,
      label: measure,
      better,
      isHeadline,
      before: first,
      after: second,
    }
    const confidence = columns.find((given) => given.protocol === protocol && given.measure === 'confidence')
    if (confidence === undefined || measure === 'confidence') return [row]
    const [sure, surely] = valuesAt(confidence.at)
    const isSure = sure.map((value, i) => Number(value >= CONFIDENT && (surely[i] as number) >= CONFIDENT))
    const confident = (all: Float64Array) => all.filter((_, i) => isSure[i] === 1)
    const full = `${name}, confident`
    return [
      row,
      {
        ...row,
        metric: full,
        name: full,
        group: `${protocol}, confident`,
        before: confident(first),
        after: confident(second),
      },
    ]
  })
  return {
    pairs: pairs.length,
    unpaired: { before: unpaired.before.map(named), after: unpaired.after.map(named) },
    values,
    differences: differencesBetween(consistencySettings(before), consistencySettings(after)),
    facts: differencesBetween(factsOf(before, one), factsOf(after, other)),
    lacking: {
      before: other.measures.map(nameOf).filter((name) => !columns.some((column) => nameOf(column) === name)),
      after: one.measures.map(nameOf).filter((name) => !columns.some((column) => nameOf(column) === name)),
    },
  }
}

function networkOf({ document }: ConsistencyFolder, name: string): Network {
  return document.networks.find(({ model }) => model === name) as Network
}

function nameOf({ protocol, measure }: Pick<Network['measures'][number], 'protocol' | 'measure'>): string {
  return `${protocol} ${measure}`
}

interface Photograph {
  readonly name: string
  readonly sha256: string
  /** In the order of the network's measures; NaN where there is no value. */
  readonly values: Float64Array
}

/** Reads photographs.csv and checks it against consistency.json. */
async function photographsOf({ path }: ConsistencyFolder, network: Network): Promise<readonly Photograph[]> {
  const file = join(path, 'networks', fileName(network.model), 'photographs.csv')
  const remedy = 'run consistency on this folder again'
  const damaged = (what: string) => new InputError(`${file} is damaged: ${what}; ${remedy}`)
  if ((await regularSize(file).catch(() => 0)) > MOST_BYTES) throw damaged('it is too long')
  const text = (await readNamed(file, remedy)).toString('utf8')
  let rows: ReturnType<typeof parseCsv>
  try {
    rows = parseCsv(text)
  } catch (error) {
    throw damaged((error as Error).message)
  }
  const [head = [], ...lines] = rows
  const expected = ['photograph', 'sha256', ...network.measures.map(nameOf)]
  if (JSON.stringify(head) !== JSON.stringify(expected)) throw damaged('its columns are not those of consistency.json')
  if (lines.length !== network.photographs) throw damaged('its photographs are not as many as consistency.json states')
  return lines.map((cells, i) => {
    const [name = '', sha256 = '', ...numbers] = cells
    const values = Float64Array.from(numbers, numberOf)
    const isWhole = cells.length === head.length && /^[0-9a-f]{64}$/.test(sha256)
    if (!isWhole || numbers.some((cell) => !NUMBER.test(cell))) throw damaged(`photograph ${i + 1} is not complete`)
    return { name, sha256, values }
  })
}

/** A value that does not exist is an empty cell or NaN. */
const NUMBER = /^(-?\d+(\.\d+)?(e[-+]?\d+)?|NaN|)$/

function numberOf(cell: string): number {
  return cell === '' ? Number.NaN : Number(cell)
}
