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
  /** Whether all photographs get the same answer. By default, no two get the same, so the chance agreement is 0. */
  readonly isConstant?: boolean
  /** Labelled photographs whose right class is never the answer. */
  readonly wrong?: readonly string[]
  /** Photographs that cannot be used, and why. */
  readonly failed?: Readonly<Record<string, string>>
}

const SETTINGS = { draws: 20, seed: 0, background: '#000000' }
const FACTS = { frame: 140, layer: 'fc', scores: 'logits', input: '140 px', reading: 'torchvision' } as const
const COLUMNS = columnsOf({})

/** Writes answers of networks into a results folder, and returns the folder. */
export async function writeConsistencyFolder(
  folder: string,
  networks: Readonly<Record<string, MadeValues>>,
  options: Made = {},
): Promise<string> {
  const { protocols = ['crop', 'diagonal'], facts, labels = {}, contents = {}, wrong = [], failed = {} } = options
  const given = { ...SETTINGS, ...options.settings }
  for (const [model, values] of Object.entries(networks)) {
    for (const protocol of protocols) {
      const own = Object.fromEntries(protocolNamed(protocol).settings.map((name) => [name, given[name]]))
      const inputs = { format: 1 as const, model, weightsSha256: sha256(model), ...FACTS, ...facts, protocol, ...own }
      const rows = new Map<string, AnswersRow[]>()
      for (const [i, [name, made]] of Object.entries(values).entries()) {
        const first = options.isConstant ? 0 : 2 * i
        const right = [first + (wrong.includes(name) ? 1000 : 0)]
        const label = labels[name] !== undefined && { label: labels[name], right }
        const photograph = { name, sha256: sha256(contents[name] ?? name), ...label }
        addTo(rows, bucketOf(name), { ...photograph, values: madeRow(inputs, made, first) })
      }
      const failures = Object.entries(failed).map(([name, reason]) => ({ name, reason }))
      for (const { name } of failures) if (!rows.has(bucketOf(name))) rows.set(bucketOf(name), [])
      const common = { columns: COLUMNS, names: { 0: 'ant', 1: 'bee' } }
      for (const [bucket, own] of rows) {
        const others = failures.filter(({ name }) => bucketOf(name) === bucket)
        await writeAnswers(folder, { inputs: { ...inputs, bucket }, rows: own, failed: others, ...common })
      }
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
