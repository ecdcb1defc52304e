import { answerNames } from '../../experiments/answers/heads.js'
import { type ProtocolAnswers, protocolAnswers } from '../../experiments/answers/protocolAnswers.js'
import { answersOf, columnsOf } from '../../experiments/answers/protocols.js'
import { sha256OfFile } from '../../files/sha256.js'
import type { AnsweredPhotograph, FailedPhotograph } from '../../results/answers/schema.js'
import { type AnswersRow, answersFolder, findAnswers, readValues, writeAnswers } from '../../results/answers/store.js'
import type { AnswersItem, PlannedPhotograph } from './item.js'

/** A bucket that is being computed. Photographs may be complete in any order. */
export interface OpenBucket {
  readonly item: AnswersItem
  /** The photographs whose answers are missing. */
  readonly left: readonly PlannedPhotograph[]
  /** Begins with the answers to a photograph. */
  readonly begin: (name: string) => ProtocolAnswers
  /** Keeps the complete answers to a photograph. */
  readonly add: (name: string, sha256: string, answers: ProtocolAnswers) => void
  /** Notes a photograph that cannot be used. */
  readonly fail: (name: string, reason: string) => Promise<void>
  /** Number of images whose answers were added. */
  readonly images: () => number
  /** Whether all photographs have answers or cannot be used. */
  readonly isComplete: () => boolean
  /** Bytes of the values that were added since the bucket was last stored. */
  readonly unsavedBytes: () => number
  /** Stores what has been added, together with what is already stored. */
  readonly store: () => Promise<void>
}

/** @param onFailure called for a photograph that cannot be used */
export async function openBucket(
  out: string,
  item: AnswersItem,
  onFailure: (failure: FailedPhotograph) => void,
): Promise<OpenBucket> {
  const { network, protocol, setting, photographs } = item
  const { left, isRelabelled } = await item.look()
  const columns = columnsOf(network)
  const byName = new Map(photographs.map((photograph) => [photograph.name, photograph]))
  const planned = (name: string) => byName.get(name)!
  let rows: AnswersRow[] = []
  let failed: FailedPhotograph[] = []
  let open = left.length
  let answered = 0
  let isStored = !isRelabelled
  return {
    item,
    left,
    begin: (name) => protocolAnswers(protocol, setting, columns, planned(name).label?.right),
    add: (name, sha256, { row }) => {
      rows.push({ name, sha256, ...labelOf(planned(name)), values: Float32Array.from(row) })
      open--
      answered++
      isStored = false
    },
    fail: async (name, reason) => {
      const sha256 = await sha256OfFile(planned(name).path).catch(() => undefined)
      const failure = { name, ...(sha256 !== undefined && { sha256 }), reason }
      failed.push(failure)
      open--
      isStored = false
      onFailure(failure)
    },
    images: () => answered * protocol.count(setting),
    isComplete: () => open === 0,
    unsavedBytes: () => rows.reduce((sum, { values }) => sum + values.byteLength, 0),
    store: async () => {
      if (isStored) return
      const added = { rows, failed }
      const all = joined(added, await storedRows(out, item), (row) => relabelled(row, byName.get(row.name), item))
      await writeAnswers(out, {
        inputs: item.inputs,
        network: item.facts,
        columns,
        ...all,
        names: namesIn(all.rows, item),
      })
      // What was added meanwhile stays for the next time.
      rows = rows.slice(added.rows.length)
      failed = failed.slice(added.failed.length)
      isStored = rows.length + failed.length === 0
    },
  }
}

interface Rows {
  readonly rows: readonly AnswersRow[]
  readonly failed: readonly FailedPhotograph[]
}

/** What is stored from the same inputs, maybe by another process since this one looked. */
async function storedRows(out: string, { inputs }: AnswersItem): Promise<Rows> {
  const found = await findAnswers(out, inputs, true)
  if (found.state !== 'found') return { rows: [], failed: [] }
  const { photographs, failed } = found.answers
  const values = await readValues(answersFolder(out, inputs), found.answers)
  return { rows: photographs.map((one, i) => ({ ...one, values: values[i]! })), failed }
}

/** New rows replace stored ones of the same name, and stored ones get the labels of this call. */
function joined(added: Rows, stored: Rows, withLabel: (row: AnswersRow) => AnswersRow): Rows {
  const isNew = new Set([...added.rows, ...added.failed].map(({ name }) => name))
  const kept = stored.rows.filter(({ name }) => !isNew.has(name))
  return {
    rows: [...added.rows, ...kept.map(withLabel)],
    failed: [...added.failed, ...stored.failed.filter(({ name }) => !isNew.has(name))],
  }
}

function labelOf({ label }: PlannedPhotograph): Pick<AnswersRow, 'label' | 'right'> {
  return label ? { label: label.words, right: [...label.right] } : {}
}

/** Whether a stored photograph has the label of this call. A call without labels leaves them as they are. */
export function hasSameLabel(stored: AnsweredPhotograph, { label }: PlannedPhotograph): boolean {
  if (label === undefined) return true
  return stored.label === label?.words && String(stored.right) === String(label?.right)
}

/**
 * Gives a stored row the label of this call. The probability of another right class is not stored, so it is lost.
 * @param photograph undefined if this call does not have the photograph
 */
function relabelled(row: AnswersRow, photograph: PlannedPhotograph | undefined, item: AnswersItem): AnswersRow {
  if (photograph === undefined || hasSameLabel(row, photograph)) return row
  const { label: _, right: __, ...unlabelled } = row
  const columns = columnsOf(item.network)
  const at = columns.indexOf('right')
  const answers = answersOf(item.protocol, item.setting)
  const values = row.values.map((value, i) =>
    i < answers * columns.length && i % columns.length === at ? Number.NaN : value,
  )
  return { ...unlabelled, ...labelOf(photograph), values }
}

/** Names of the classes that are answers or right, by index. */
function namesIn(rows: readonly AnswersRow[], { network, protocol, setting }: AnswersItem): Record<string, string> {
  const columns = columnsOf(network)
  const answers = answersOf(protocol, setting)
  const found = new Set<number>()
  for (const { values, right = [] } of rows) {
    for (const index of right) found.add(index)
    for (let i = 0; i < answers; i++) found.add(values[i * columns.length]!)
  }
  const names = answerNames(network)
  return Object.fromEntries([...found].sort((a, b) => a - b).map((index) => [index, names[index] ?? String(index)]))
}
