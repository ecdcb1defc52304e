import { join } from 'node:path'
import { InputError } from '../../errors.js'
import { numberedAnswers } from '../../experiments/answers/chance.js'
import type { RightClasses } from '../../experiments/answers/protocolAnswers.js'
import { PROTOCOL_NAMES, type ProtocolName, protocolNamed } from '../../experiments/answers/protocols.js'
import { sha256 } from '../../files/sha256.js'
import { compareText, foldersIn } from '../store/openResults.js'
import { type ReadPhotograph, withChance } from './chanceValues.js'
import { answersIn, metricsOf, photographMetrics, type StoredAnswer, storedAnswers } from './measures.js'
import type { AnsweredPhotograph, AnswersInputs, FailedPhotograph, NetworkFacts, StoredAnswers } from './schema.js'
import { answersDifferences, answersFolder, readAnswers, readValues } from './store.js'
import type { ChanceValues, ConsistencyMetric, ListedMetric, MeasuredPhotograph } from './summary.js'
import type { ProtocolVariety } from './variety.js'

/** All stored answers of one network to photographs. */
export interface AnsweredNetwork extends Omit<AnswersInputs, 'format' | 'bucket' | 'protocol' | ProtocolSettingName> {
  /** In the order of `PROTOCOL_NAMES`. */
  readonly protocols: readonly AnsweredProtocol[]
  /** Absent if an earlier version computed the answers. */
  readonly facts?: NetworkFacts
  readonly measures: readonly ConsistencyMetric[]
  /** Sorted by name. Photographs of equal content are one, under the first name. */
  readonly photographs: readonly MeasuredPhotograph[]
  /** SHA-256 of the photographs' labels, whatever their order and names; absent without labels. */
  readonly labelsSha256?: string
  /** Names of photographs that are left out because an earlier one has the same content. */
  readonly copies: readonly string[]
  readonly failed: readonly FailedPhotograph[]
  /** How different the answers to photographs are, in the order of `protocols`. */
  readonly varieties: readonly ProtocolVariety[]
  /** Computes measures that depend on all photographs for some of them. */
  readonly chanceOn: ChanceValues
  /** Reads the answers to the frames of the photograph with this SHA-256; undefined if the protocol has none. */
  readonly answersTo: (protocol: ProtocolName, sha256: string) => Promise<NamedAnswers | undefined>
}

type ProtocolSettingName = 'draws' | 'seed' | 'background'

interface AnsweredProtocol extends Pick<AnswersInputs, ProtocolSettingName> {
  readonly name: ProtocolName
}

export interface NamedAnswers {
  readonly answers: readonly StoredAnswer[]
  /** Names of the classes that are answers, by index. */
  readonly names: Readonly<Record<string, string>>
}

/**
 * Reads all stored answers of a results folder, network by network, sorted by the networks' folder names. Only the
 * values of the measures are kept in memory.
 * @throws InputError for answers that are damaged, in the wrong folder, or made with other settings than the rest
 */
export async function readAnsweredNetworks(results: string): Promise<readonly AnsweredNetwork[]> {
  const networks: AnsweredNetwork[] = []
  for (const model of await foldersIn(join(results, 'answers'))) {
    const found = await answersOfNetwork(results, model)
    if (found !== undefined) networks.push(found)
  }
  return networks
}

/** The answers in one bucket of a protocol. */
interface Bucket {
  readonly folder: string
  readonly answers: StoredAnswers
}

async function answersOfNetwork(results: string, folder: string): Promise<AnsweredNetwork | undefined> {
  const buckets = new Map<ProtocolName, readonly Bucket[]>()
  for (const protocol of PROTOCOL_NAMES) {
    const own = await bucketsIn(results, join(folder, protocol))
    if (own.length > 0) buckets.set(protocol, own)
  }
  const all = [...buckets.values()].flat()
  const [first] = all
  if (first === undefined) return undefined
  for (const [ofProtocol] of buckets.values()) checkSame(ofProtocol!, first, withoutProtocol)
  for (const own of buckets.values()) for (const bucket of own) checkSame(bucket, own[0]!, ({ inputs }) => inputs)
  const hasLabels = all.some(({ answers }) => answers.photographs.some(({ right }) => right !== undefined))
  const has = { labels: hasLabels, head: first.answers.inputs.head?.kind }
  const listed = [...buckets.keys()].flatMap((protocol) =>
    metricsOf(protocolNamed(protocol), has).map((measure): ListedMetric => ({ protocol, measure })),
  )
  const { photographs, copies } = withoutCopies(await readPhotographs(buckets, listed))
  const labelled = photographs.flatMap(({ sha256, label }) =>
    label === undefined ? [] : [JSON.stringify([sha256, label])],
  )
  const { format, bucket: _, protocol: __, draws, seed, background, ...inputs } = first.answers.inputs
  const facts = all.find(({ answers }) => answers.network !== undefined)?.answers.network
  return {
    ...inputs,
    ...(facts && { facts }),
    protocols: [...buckets].map(([name, [one]]) => ({ name, ...settingsOf(one!) })),
    ...withChance(listed, photographs),
    ...(labelled.length > 0 && { labelsSha256: sha256(labelled.sort(compareText).join('\n')) }),
    copies,
    failed: distinctFailures(all),
    answersTo: async (protocol, sha256) => {
      const isWanted = (one: AnsweredPhotograph) => one.sha256 === sha256
      const own = buckets.get(protocol)?.find(({ answers }) => answers.photographs.some(isWanted))
      if (own === undefined) return undefined
      const at = own.answers.photographs.findIndex(isWanted)
      const row = (await readValues(own.folder, own.answers))[at]!
      const { columns, photographs, names } = own.answers
      return { answers: storedAnswers(protocolNamed(protocol), columns, photographs[at]?.right, row), names }
    },
  }
}

function settingsOf({ answers: { inputs } }: Bucket): Pick<AnswersInputs, ProtocolSettingName> {
  const { draws, seed, background } = inputs
  return {
    ...(draws !== undefined && { draws }),
    ...(seed !== undefined && { seed }),
    ...(background !== undefined && { background }),
  }
}

async function bucketsIn(results: string, parent: string): Promise<readonly Bucket[]> {
  const buckets: Bucket[] = []
  for (const folder of await foldersIn(parent)) {
    const answers = await readAnswers(folder)
    const expected = answersFolder(results, answers.inputs)
    if (folder !== expected)
      throw new InputError(
        `${folder} contains results that belong in ${expected}; rename the folder to that, or remove it`,
      )
    buckets.push({ folder, answers })
  }
  return buckets
}

/** Checks that answers were made like those in another folder. `inputsOf` gives the inputs that must be equal. */
function checkSame(bucket: Bucket, other: Bucket, inputsOf: (answers: StoredAnswers) => object): void {
  const [own, others] = [bucket, other].map(({ answers }) => ({ ...inputsOf(answers), bucket: '' }))
  const [difference] = answersDifferences(own as AnswersInputs, others as AnswersInputs)
  if (difference === undefined) return
  throw new InputError(
    `${bucket.folder} has ${difference} as in ${other.folder}; remove one of them and run consistency again`,
  )
}

function withoutProtocol({ inputs: { protocol, draws, seed, background, ...inputs } }: StoredAnswers): object {
  return inputs
}

interface FilledPhotograph extends ReadPhotograph {
  readonly values: number[]
  readonly frames: Map<ProtocolName, Uint32Array>
}

/** Measures all photographs. The values of a protocol that was not measured are NaN. */
async function readPhotographs(
  buckets: ReadonlyMap<ProtocolName, readonly Bucket[]>,
  listed: readonly ListedMetric[],
): Promise<readonly ReadPhotograph[]> {
  const found = new Map<string, FilledPhotograph>()
  const numbered = numberedAnswers()
  for (const [protocol, own] of buckets) {
    const first = listed.findIndex((one) => one.protocol === protocol)
    const measures = listed.flatMap((one) => (one.protocol === protocol ? one.measure : []))
    for (const { folder, answers } of own) {
      const rows = await readValues(folder, answers)
      const { columns } = answers
      for (const [i, { name, sha256, label, right }] of answers.photographs.entries()) {
        // Between two calls, a photograph may have got another content.
        const key = `${name}\0${sha256}`
        const photograph = found.get(key) ?? {
          name,
          sha256,
          ...(label !== undefined && { label }),
          ...(right && { right: right.map((index) => answers.names[index] ?? String(index)) }),
          values: Array<number>(listed.length).fill(Number.NaN),
          frames: new Map(),
        }
        found.set(key, photograph)
        const row = rows[i]!
        const values = photographMetrics(protocolNamed(protocol), measures, columns, right as RightClasses, row)
        photograph.values.splice(first, values.length, ...values)
        photograph.frames.set(protocol, numbered(answersIn(protocolNamed(protocol), columns, row)))
      }
    }
  }
  return [...found.values()].sort((a, b) => compareText(a.name, b.name))
}

/**
 * Leaves out photographs whose content an earlier one has. Protocols that were measured only under a later name count,
 * too, as after a call with a subfolder.
 * @param all sorted by name
 */
function withoutCopies(all: readonly ReadPhotograph[]) {
  const found = new Map<string, ReadPhotograph>()
  const copies: string[] = []
  for (const copy of all) {
    const { sha256 } = copy
    const first = found.get(sha256)
    if (first !== undefined) copies.push(copy.name)
    found.set(sha256, first === undefined ? copy : completed(first, copy))
  }
  return { photographs: [...found.values()], copies }
}

function completed(first: ReadPhotograph, copy: ReadPhotograph): ReadPhotograph {
  return {
    ...copy,
    ...first,
    values: first.values.map((value, i) => (Number.isNaN(value) ? copy.values[i]! : value)),
    frames: new Map([...copy.frames, ...first.frames]),
  }
}

function distinctFailures(buckets: readonly Bucket[]): readonly FailedPhotograph[] {
  const all = buckets.flatMap(({ answers }) => answers.failed)
  return [...new Map(all.map((failure) => [failure.name, failure])).values()].sort((a, b) =>
    compareText(a.name, b.name),
  )
}
