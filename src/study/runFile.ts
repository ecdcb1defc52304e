import { readFile } from 'node:fs/promises'
import { env } from 'onnxruntime-node'
import { z } from 'zod'
import type { ExecutionRecord } from '../engine/choice.js'
import type { MeasuredSettings } from '../engine/settings.js'
import type { ClassifierRecord } from '../experiments/classifiers.js'
import { packageVersion } from '../files/package.js'
import { instructionSet } from '../native.js'
import type { Study } from './plan.js'

/** How a network was run, and on what; in a study without classifiers nothing trained them. */
export type NetworkSettings = MeasuredSettings & ExecutionRecord & { readonly classifiers?: ClassifierRecord }

/** What is read of a run.json of whatever version. */
const runSchema = z.looseObject({
  settings: z.record(z.string(), z.unknown()).optional(),
  computed: z.number().optional(),
  earlier: z.array(z.unknown()).optional(),
})

/** What a results folder's run.json says of the runs before. */
export interface EarlierRuns {
  /** The settings that were chosen last, by network; a run that computes nothing keeps them. */
  readonly settings: Readonly<Record<string, NetworkSettings>>
  /** All that run.json said of each run that computed something, the latest last. */
  readonly runs: readonly unknown[]
}

/** Nothing where there is no such file, or a damaged one. */
export async function readEarlierRuns(path: string): Promise<EarlierRuns> {
  const text = await readFile(path, 'utf8').catch(() => 'null')
  const { data } = runSchema.safeParse(parsed(text))
  if (data === undefined) return { settings: {}, runs: [] }
  const { earlier = [], ...last } = data
  const runs = last.computed === 0 ? earlier : [...earlier, last]
  return { settings: (last.settings ?? {}) as Record<string, NetworkSettings>, runs }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** What run.json holds: all that a reader needs to judge or repeat the run, and the only place of timestamps. */
export function describeRun(study: Study, settings: Readonly<Record<string, NetworkSettings>>) {
  return {
    shiftscope: packageVersion(),
    node: process.version,
    onnxruntime: env.versions.node ?? null,
    platform: `${process.platform}-${process.arch}`,
    instructionSet: instructionSet(),
    networks: study.networks.map(({ id, weightsPath, weightsSha256, layers, input, inputSource, pool, classes }) => ({
      id,
      weightsPath,
      weightsSha256,
      input: { ...input, source: inputSource },
      ...(pool && { pool }),
      ...(classes && { classes: { layer: classes.layer, count: classes.names.length, source: classes.source } }),
      layers: layers.map(({ name }) => name),
    })),
    patches: study.patches.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
    stride: study.stride,
    background: [...new Set([...study.backgrounds.values()].map(({ identity }) => identity))].join(' '),
    blend: study.blend,
    separability: study.separability,
    arithmetic: study.arithmetic.map(({ models: { network, generators }, accuracy }) => ({
      model: network.id,
      weightsPath: network.weightsPath,
      weightsSha256: network.weightsSha256,
      generators: generators.map(({ id, weightsPath, weightsSha256 }) => ({ id, weightsPath, weightsSha256 })),
      expressionsPerKind: accuracy.inputs.trialsPerKind,
      seed: accuracy.inputs.seed,
    })),
    settings,
  }
}
