import { join } from 'node:path'
import type { Execution } from '../engine/choice.js'
import type { Features } from '../engine/features.js'
import type { NetworkHandle } from '../engine/handle.js'
import { InputError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { readRegular } from '../files/regularFile.js'
import { decodeImage } from '../patches/image.js'
import type { KeptUnit, LiveScene, OtherUnit } from '../report/viewer/live.js'
import { unitFolder } from '../results/unit/store.js'
import { shellWord } from '../shellWord.js'
import { planStudy } from '../study/plan.js'
import { runStudy } from '../study/run.js'
import type { ReproduceOptions } from '../study/runOptions.js'
import type { LiveUnit } from './liveUnit.js'
import { type KnownObject, objectPng } from './objects.js'

export interface UnitToKeep {
  readonly unit: LiveUnit
  readonly execution: Execution
  readonly scene: LiveScene
  readonly object: KnownObject
  /** What the network is called on the command line. */
  readonly model: string
  readonly pool?: ReproduceOptions['pool'] | undefined
  /** The results folder. */
  readonly out: string
  /** Whether a unit that was made otherwise may give its place. */
  readonly replaces: boolean
  readonly signal: AbortSignal
}

/**
 * Stores a unit as `reproduce` does, of the features that are in memory, and the object beside it, so that the same command makes it
 * again. Waits for what is not computed yet.
 * @throws InputError, OutputError, UsageError as `reproduce`; the signal's reason
 */
export async function keepUnit(wanted: UnitToKeep): Promise<KeptUnit | OtherUnit> {
  const { unit, scene, model, pool, out, replaces, signal } = wanted
  await wholeUnit(unit, signal)
  const options: ReproduceOptions = {
    models: [model],
    patches: await objectPath(wanted),
    sizes: [scene.size],
    stride: scene.stride,
    background: scene.background,
    experiments: ['similarity'],
    ...(pool && { pool }),
    out,
    report: false,
    signal,
  }
  const study = await planStudy(options, { signal })
  const [planned] = study.units
  if (planned === undefined) throw new Error('the study has one unit')
  if (study.replaced.units > 0 && !replaces) return { kind: 'other', differences: study.replaced.differences }
  const { patch, network } = planned
  const isSame = patch.sha256 === unit.scene.patch.sha256 && network.weightsSha256 === unit.network.weightsSha256
  if (!isSame) throw new InputError(`${network.id} or the object has changed since; open the page again`)
  const { computed } = await runStudy(options, async () => inMemory(wanted))
  if (computed === 0 && (await planStudy(options, { signal })).left.length > 0)
    throw new InputError(`another process is at this unit in ${out}; keep it again when that has ended`)
  const folder = unitFolder(out, { model: network.id, size: patch.size, patch: patch.name })
  return { kind: 'kept', folder, command: commandOf(options) }
}

/** Waits until all positions are computed. */
async function wholeUnit(unit: LiveUnit, signal: AbortSignal): Promise<void> {
  const isWhole = () => unit.rows().length === unit.grid.offsets.length / 2
  let end = () => {}
  try {
    await new Promise<void>((done, fail) => {
      const look = () => {
        if (isWhole()) done()
      }
      signal.throwIfAborted()
      signal.addEventListener('abort', () => fail(signal.reason), { once: true })
      end = unit.follow({ onRows: look, onFailure: fail })
      look()
    })
  } finally {
    end()
  }
}

/** What `patches` of a study names the object by; a picture is stored below the results. */
async function objectPath({ object: { name, source }, out }: UnitToKeep): Promise<string> {
  if ('path' in source) return name
  for (let number = 1; ; number++) {
    const own = number === 1 ? name : `${name}-${number}`
    const folder = join(out, 'objects', own)
    const path = join(folder, `${own}.png`)
    const stored = await readRegular(path).catch(() => undefined)
    if (stored === undefined) await writeFileAtomic(path, await objectPng(source))
    else {
      const image = await decodeImage(stored, path).catch(() => undefined)
      if (image === undefined || image.cols !== source.cols || Buffer.compare(image.data, source.data) !== 0) continue
    }
    return folder
  }
}

/** The network as it is open, which gives the features that it has given already. */
function inMemory({ unit, execution }: UnitToKeep): Execution {
  const { handle } = execution
  const features = async () => inRowOrder(unit)
  const kept: NetworkHandle = {
    ...handle,
    overlaps: false,
    extract: features,
    compare: features,
    close: async () => undefined,
  }
  return { ...execution, handle: kept }
}

function inRowOrder({ network, rows, matrices }: LiveUnit): Features {
  const order = rows()
  const layers = network.layers.map(({ name, dims }, i) => {
    const matrix = new Float32Array(order.length * dims)
    const source = matrices[i] as Float32Array
    for (const [at, row] of order.entries()) matrix.set(source.subarray(at * dims, (at + 1) * dims), row * dims)
    return { name, dims, matrix }
  })
  return { kind: 'features', layers, finished: order.length, release: () => undefined }
}

function commandOf({ models, patches, sizes, stride, background, pool, out }: ReproduceOptions): string {
  const words = ['shiftscope', 'reproduce', '--models', models?.[0], '--patches', patches, '--sizes', sizes?.[0]]
  const settings = ['--stride', stride, '--background', background, ...(pool ? ['--pool', pool] : [])]
  return [...words, ...settings, '--experiments', 'similarity', '--out', out]
    .map((word) => shellWord(String(word)))
    .join(' ')
}
