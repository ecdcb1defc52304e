import { CONFIDENT } from '../../src/experiments/answers/confidence.js'
import { columnsOf, keptValues, type ProtocolName, protocolNamed } from '../../src/experiments/answers/protocols.js'
import { sha256 } from '../../src/files/sha256.js'
import { type AnswersInputs, bucketOf } from '../../src/results/answers/schema.js'
import { type AnswersRow, writeAnswers } from '../../src/results/answers/store.js'
import { addTo } from '../../src/support/lists.js'

/**
 * By photograph, the share of its pairs of crops, and of its steps along a path, that change the answer, and the
 * probability of each answer. Shares are multiples of 1/20 with the default settings.
 */
export type MadeValues = Readonly<Record<string, readonly [change: number, probability: number]>>

interface Made {
  readonly protocols?: readonly ProtocolName[]
  readonly settings?: Pick<AnswersInputs, 'draws' | 'seed' | 'background'>
  readonly facts?: Partial<AnswersInputs>
  /** Labels by photograph. */
  readonly labels?: Readonly<Record<string, string>>
  /** Contents by photograph, which are their names by default. */
  readonly contents?: Readonly<Record<string, string>>
}

const SETTINGS = { draws: 20, seed: 0, background: '#000000' }
const FACTS = { frame: 140, layer: 'fc', scores: 'logits', input: '140 px', reading: 'torchvision' } as const
const COLUMNS = columnsOf({})

/** Writes answers of networks into a results folder, and returns the folder. */
export async function writeConsistencyFolder(
  folder: string,
  networks: Readonly<Record<string, MadeValues>>,
  { protocols = ['crop', 'diagonal'], settings, facts, labels = {}, contents = {} }: Made = {},
): Promise<string> {
  const given = { ...SETTINGS, ...settings }
  for (const [model, values] of Object.entries(networks)) {
    for (const protocol of protocols) {
      const own = Object.fromEntries(protocolNamed(protocol).settings.map((name) => [name, given[name]]))
      const inputs = { format: 1 as const, model, weightsSha256: sha256(model), ...FACTS, ...facts, protocol, ...own }
      const rows = new Map<string, AnswersRow[]>()
      for (const [i, [name, made]] of Object.entries(values).entries()) {
        const label = labels[name] !== undefined && { label: labels[name], right: [2 * i] }
        const photograph = { name, sha256: sha256(contents[name] ?? name), ...label }
        addTo(rows, bucketOf(name), { ...photograph, values: madeRow(inputs, made, 2 * i) })
      }
      const common = { columns: COLUMNS, failed: [], names: { 0: 'ant', 1: 'bee' } }
      for (const [bucket, own] of rows)
        await writeAnswers(folder, { inputs: { ...inputs, bucket }, rows: own, ...common })
    }
  }
  return folder
}

/** The answers to the frames of a protocol, two classes from `first` on, so that no photographs have one in common. */
function madeRow(
  { protocol: name, frame, draws = 0 }: Omit<AnswersInputs, 'bucket'>,
  [share, probability]: MadeValues[string],
  first: number,
): Float32Array {
  const protocol = protocolNamed(name)
  const frames = keptValues(protocol, { frame, draws }, COLUMNS) / COLUMNS.length
  const isOfPairs = protocol.compares === 'pair'
  const changes = Math.round(share * (isOfPairs ? frames / 2 : frames - 1))
  const changed = (at: number) => (isOfPairs ? Number(at % 2 === 1 && at < 2 * changes) : Math.min(at, changes) % 2)
  const answerTo = (at: number) => first + changed(at)
  const answers = Array.from({ length: frames }, (_, at) => {
    const values = { answer: answerTo(at), probability, next: probability, right: probability, overlap: Number.NaN }
    return COLUMNS.map((column) => values[column])
  })
  return Float32Array.from(answers.flat())
}

/** Values of photographs 0.jpg, 1.jpg, …; the answers to the first ones are confident. */
export function madeChanges(changes: readonly number[], confident = changes.length): MadeValues {
  const values = changes.map((change, i) => [`${i}.jpg`, [change, i < confident ? CONFIDENT : 0.25]] as const)
  return Object.fromEntries(values)
}
