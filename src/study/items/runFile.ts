import { env } from 'onnxruntime-node'
import { z } from 'zod'
import type { ExecutionRecord } from '../../engine/open/handle.js'
import type { Settings } from '../../engine/scene/task.js'
import type { ClassifierRecord } from '../../experiments/classifiers/classifiers.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { readStored } from '../../files/json.js'
import { lifeOf, type Owner, ownerSchema } from '../../files/owner.js'
import { packageVersion } from '../../files/package.js'
import { instructionSet } from '../../native.js'
import type { Classes, Network } from '../../network.js'
import { pairsSchema } from '../../results/store/pairs.js'
import type { WorkItem } from './workItem.js'

/** Settings of a network, and the device that ran it. `classifiers` is absent if the study trains none. */
export type NetworkSettings = Settings & ExecutionRecord & { readonly classifiers?: ClassifierRecord }

/** An entry of run.json: the keys that Shiftscope reads. The others are kept as they are. */
const entrySchema = z.looseObject({
  /** The networks of this run, and those of earlier ones that it did not open. */
  networks: z.array(z.looseObject({ id: z.string() })).optional(),
  process: ownerSchema,
  settings: z.record(z.string(), z.unknown()),
  computed: z.number(),
  finished: z.string().nullable(),
  pairs: pairsSchema.optional(),
  patches: z
    .array(z.looseObject({ name: z.string(), size: z.number(), sha256: z.string(), category: z.string().nullable() }))
    .optional(),
  /** Units of one network at one size. `inputs` are those that all of them share (see `UnitInputs`). */
  planned: z
    .array(
      z.looseObject({
        model: z.string(),
        size: z.number(),
        patches: z.array(z.string()),
        inputs: z.record(z.string(), z.unknown()),
      }),
    )
    .optional(),
  arithmetic: z.array(z.looseObject({ model: z.string(), inputsSha256: z.string() })).optional(),
  /** Photographs of a study: where they were, and the file with their names. */
  photographs: z.looseObject({ source: z.string(), list: z.string() }).optional(),
  /** What the answers of a network in a protocol depend on; see `AnswersInputs`. The bucket is left out. */
  answers: z.array(z.record(z.string(), z.unknown())).optional(),
})

/** An entry of run.json as it is read. */
export type RunEntry = z.infer<typeof entrySchema>

/** The last entry, with the entries of earlier runs, oldest first. */
const runSchema = entrySchema.extend({
  report: z.string().nullable(),
  earlier: z.array(entrySchema).optional(),
})

type RunFile = z.infer<typeof runSchema>

/** All entries of run.json, the latest last. */
export function entriesOf({ earlier = [], ...last }: RunFile): readonly RunEntry[] {
  return [...earlier, last]
}

/** An item that an entry of run.json plans. */
export type PlannedItem = Pick<WorkItem, 'kind' | 'title' | 'count' | 'isStored'>

/** The keys of a new entry that are read here. Entries have more keys, which are only written. */
interface NewEntry {
  readonly networks: readonly Pick<Network, 'id'>[]
  readonly process: Owner
  readonly settings: Readonly<Record<string, NetworkSettings>>
  readonly computed: number
  readonly finished: string | null
}

/**
 * Writes the entry of a run (one call of a command) into run.json. It keeps the entries of earlier runs that computed
 * something, oldest first. It also keeps what is said about networks that this run did not open, and the pairs if this
 * run has none. Only one process at a time may call it.
 *
 * @param report mark of the report that was just written (see `reportMark`); null keeps the stored mark
 */
export async function writeRunFile<T extends NewEntry>(
  path: string,
  run: T,
  report: string | null = null,
): Promise<void> {
  const stored = await readRun(path)
  // A run that has computed nothing yet is kept while its process is alive, because it may still compute something.
  const isKept = ({ process, computed, finished }: RunEntry) =>
    process.id !== run.process.id && (computed !== 0 || (finished === null && lifeOf(process) !== 'ended'))
  const runs = stored === undefined ? [] : entriesOf(stored).filter(isKept)
  const opened = new Set(run.networks.map(({ id }) => id))
  const document = {
    ...(stored?.pairs && { pairs: stored.pairs }),
    ...run,
    networks: [...(stored?.networks ?? []).filter(({ id }) => !opened.has(id)), ...run.networks],
    settings: { ...stored?.settings, ...run.settings },
    report: report ?? stored?.report ?? null,
    ...(runs.length > 0 && { earlier: runs }),
  }
  await writeFileAtomic(path, `${JSON.stringify(document, null, 2)}\n`)
}

/** Mark that identifies the report that was written last; see `reportMark`. */
export async function lastReport(path: string): Promise<string | null> {
  return (await readRun(path))?.report ?? null
}

/** Reads run.json. Undefined if the file is missing or damaged, or nested too deeply to be written again. */
export function readRun(path: string): Promise<RunFile | undefined> {
  return readStored(runSchema, path)
}

/** The part of a run.json entry that describes the system. */
export function describeSystem() {
  return {
    shiftscope: packageVersion(),
    node: process.version,
    onnxruntime: env.versions.node ?? null,
    platform: `${process.platform}-${process.arch}`,
    instructionSet: instructionSet(),
  }
}

/** The part of a run.json entry that describes a network. */
export function describeNetwork(network: Network) {
  const { id, weightsPath, weightsSha256, layers, input, inputSource, pool, classes } = network
  return {
    id,
    weightsPath,
    weightsSha256,
    input: { ...input, source: inputSource },
    ...(pool && { pool }),
    ...(classes && { classes: countedClasses(classes) }),
    layers: layers.map(({ name }) => name),
  }
}

function countedClasses({ names, ...classes }: Classes) {
  return { ...classes, count: names.length }
}
