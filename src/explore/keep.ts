import { lstat, readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Features } from '../engine/features/features.js'
import type { NetworkHandle } from '../engine/open/handle.js'
import { InputError, OutputError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { fileName } from '../files/fileName.js'
import { readRegular, streamRegular } from '../files/regularFile.js'
import { sha256OfFile } from '../files/sha256.js'
import { type OwnOptions, ownOptionsFor } from '../networks/reference/reference.js'
import { KEEPS_OBJECTS, type KeptUnit, type LiveUnitRequest, type OtherUnit } from '../page/live/live.js'
import { encodePng } from '../patches/image.js'
import { writeReport } from '../report/report.js'
import { groupsOfUnits } from '../results/store/openResults.js'
import { type ReproduceOptions, resolveOptions } from '../study/maps/options.js'
import { type MapsPlan, planStudy } from '../study/maps/plan.js'
import { reproduceWith } from '../study/maps/reproduce.js'
import type { oneAtATime } from '../support/oneAtATime.js'
import type { LiveUnit } from './liveUnit.js'
import { followUnit } from './mapStream.js'
import type { KnownObject } from './objects.js'

export interface UnitToKeep {
  readonly unit: LiveUnit
  readonly handle: NetworkHandle
  readonly scene: LiveUnitRequest
  readonly object: KnownObject
  /** Name of the network as the command line takes it: an id or a path. */
  readonly model: string
  /** Whether the network is an uploaded file, which is removed when this process ends. */
  readonly isDropped: boolean
  readonly pool?: ReproduceOptions['pool'] | undefined
  readonly own: OwnOptions
  readonly out: string
  /** Whether to replace stored results of the same name that were made with other settings. */
  readonly replaces: boolean
  readonly signal: AbortSignal
}

/**
 * Stores a unit (one object in one network) as `reproduce` does, but with the features that are already in memory. Also
 * stores the object, so that `reproduce` can compute the unit again. First waits until the features of all positions are
 * computed.
 * @param inTurn stores units one after the other, so that each call sees the units stored before
 */
export async function keepUnit(
  wanted: UnitToKeep,
  inTurn: ReturnType<typeof oneAtATime>,
): Promise<KeptUnit | OtherUnit> {
  await wholeUnit(wanted.unit, wanted.signal)
  return inTurn(() => storeUnit(wanted))
}

async function storeUnit(wanted: UnitToKeep): Promise<KeptUnit | OtherUnit> {
  const { unit, scene, pool, own, out, replaces, signal } = wanted
  const ofObject = await objectOptions(wanted)
  const name = await networkName(wanted)
  const options: ReproduceOptions = {
    models: [name],
    ...ofObject,
    stride: scene.stride,
    experiments: ['similarity'],
    ...(pool && { pool }),
    ...ownOptionsFor(name, own),
    out,
    report: false,
    signal,
  }
  const resolved = resolveOptions(options)
  const plan = await planStudy(resolved)
  const [planned] = plan.units
  if (planned === undefined) throw new Error('nothing is planned for this object, size and network')
  const otherUnit = ({ replaced }: MapsPlan): OtherUnit | undefined =>
    replaced.items.length > 0 && !replaces
      ? { kind: 'other', network: scene.network, differences: replaced.differences }
      : undefined
  const before = otherUnit(plan)
  if (before !== undefined) return before
  const { patch, network } = planned
  const isSame = patch.sha256 === unit.scene.patch.sha256 && network.weightsSha256 === unit.network.weightsSha256
  if (!isSame) throw new InputError(`the file of ${network.id} or of the object has changed; start Shiftscope again`)
  const stored = await reproduceWith(options, async () => {
    // From here on, `reproduceWith` holds the unit's lock. Another process may have stored the unit since the plan above.
    const since = otherUnit(await planStudy(resolved))
    if (since !== undefined) throw new StoredMeanwhile(since)
    return inMemory(wanted)
  }).catch((error: unknown) => {
    if (error instanceof StoredMeanwhile) return error.unit
    throw error
  })
  if ('kind' in stored) return stored
  if (stored.computed === 0 && (await planStudy(resolved)).left.length > 0)
    throw new InputError(
      `another process is already computing these results in ${out}; click Keep again when it has finished`,
    )
  const units = (await groupsOfUnits(out)).flat().length
  return { kind: 'kept', network: network.id, results: resolve(out), units }
}

class StoredMeanwhile extends Error {
  constructor(readonly unit: OtherUnit) {
    super('another process has stored the unit')
  }
}

async function wholeUnit(unit: LiveUnit, signal: AbortSignal): Promise<void> {
  const changes = followUnit(unit, signal)
  try {
    while (!unit.kept.isWhole) await changes.next(0)
  } finally {
    changes.end()
  }
}

/**
 * Returns the network's name for the option `models`. An uploaded file is first copied into the results folder, and its
 * name is the path of the copy.
 * @throws OutputError if the path is a symbolic link, which may lead out of the folder
 */
async function networkName({ model, isDropped, unit: { network }, out }: UnitToKeep): Promise<string> {
  if (!isDropped) return model
  const path = join(out, 'networks', `${network.id}.onnx`)
  await refuseLink(dirname(path))
  await refuseLink(path)
  const stored = await sha256OfFile(path).catch(() => undefined)
  if (stored !== undefined && stored !== network.weightsSha256)
    throw new InputError(`another network is already stored as ${path}; rename your file and add it to the page again`)
  if (stored === undefined) await writeFileAtomic(path, await streamRegular(network.weightsPath))
  return path
}

/**
 * Returns the options for an object. For a built-in object, `patches` is its name. A picture that the user added is
 * first stored in its own folder within the results folder. The option is then the path of that folder or, if the user
 * says what the object is, of a manifest there that states it as the category.
 * @throws InputError if it is a photograph, because `reproduce` moves objects only
 * @throws OutputError if the path is a symbolic link, which may lead out of the results folder
 */
async function objectOptions({ object, scene, out }: UnitToKeep): Promise<ReproduceOptions> {
  const { name, source, category } = object
  const { size, background } = scene
  if ('path' in source) return { patches: name, sizes: [size], background }
  if ('file' in source) throw new InputError(KEEPS_OBJECTS)
  const raw = { width: source.cols, height: source.rows, channels: 4 } as const
  const folder = await storedFile(join(out, 'objects'), name, 'png', await encodePng(source.data, raw))
  const own = basename(folder)
  const manifest = join(folder, `${own}-${fileName(category)}.json`)
  const stated = { kind: 'images', patches: [{ name: own, file: `${own}.png`, category }] }
  if (category !== '') await writeFileAtomic(manifest, `${JSON.stringify(stated, null, 2)}\n`)
  return { patches: category === '' ? folder : manifest, sizes: [size], background }
}

/** Stores a file in a folder of its own, unless it is there already. */
async function storedFile(root: string, name: string, extension: string, content: Uint8Array): Promise<string> {
  await refuseLink(root)
  for (let number = 1; ; number++) {
    const own = number === 1 ? name : `${name}-${number}`
    const folder = join(root, own)
    await refuseLink(folder)
    const path = join(folder, `${own}.${extension}`)
    const stored = await readRegular(path).catch(() => undefined)
    if (stored === undefined) await writeFileAtomic(path, content)
    else if (Buffer.compare(stored, content) !== 0) continue
    return folder
  }
}

async function refuseLink(path: string): Promise<void> {
  const status = await lstat(path).catch(() => undefined)
  if (status?.isSymbolicLink())
    throw new OutputError(
      `${path} is a symbolic link, which may point outside the results folder; remove the link, then keep the object again`,
    )
}

/** Makes the report of a results folder, and returns its page. */
export async function onePage(results: string): Promise<Buffer> {
  if ((await groupsOfUnits(results)).length === 0) throw new InputError('nothing is kept yet; click Keep first')
  const path = join(results, 'page.html')
  await writeReport(results, { oneFile: path })
  return readFile(path)
}

/** An open network whose `extract` returns the features in memory, so that `reproduceWith` can store the unit. */
function inMemory({ unit, handle }: UnitToKeep): NetworkHandle {
  return { ...handle, overlaps: false, extract: async () => inRowOrder(unit), close: async () => undefined }
}

function inRowOrder(unit: LiveUnit): Features {
  const rows = unit.grid.offsets.length / 2
  const layers = unit.network.layers.map(({ name, dims }) => ({ name, dims, matrix: new Float32Array(rows * dims) }))
  for (const run of unit.kept.runs)
    for (const [i, { dims, matrix }] of layers.entries())
      for (const [at, row] of run.rows.entries())
        matrix.set(run.features[i]!.subarray(at * dims, (at + 1) * dims), row * dims)
  return { layers, finished: rows, release: () => undefined }
}
