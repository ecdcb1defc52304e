import { access, constants } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { platformGap, processorName } from '../../engine/devices/device.js'
import { PROVIDER_NAMES, PROVIDERS } from '../../engine/devices/providers.js'
import { type DeviceTrial, tryDevice } from '../../engine/open/deviceTrial.js'
import { makeFolders } from '../../files/atomic.js'
import { cacheFolder } from '../../files/cacheFolder.js'
import { oldestNode } from '../../files/package.js'
import { cudaDevices, instructionSet } from '../../native.js'
import { weightsCommand } from '../../networks/catalog/catalog.js'
import { listNetworks } from '../../networks/models/imported.js'
import { chooseNetwork } from '../../networks/open/openNetwork.js'
import { availableCores } from '../../support/machine.js'
import { counted, firstLine } from '../../support/text.js'

/** The `subject` of a device's diagnosis is this text and the device's name, such as `execution provider cuda`. */
const PROVIDER = 'execution provider '

export function verdictOn(findings: readonly Diagnosis[]): string {
  const missing = findings.filter(({ state, optional }) => state === 'gap' && !optional)
  if (missing.length > 0) return `Not ready: ${missing.map(({ subject }) => subject).join(', ')} (see ✗ below)`
  const devices = findings.filter(({ state, subject }) => state === 'ok' && subject.startsWith(PROVIDER))
  return `Ready: networks run on ${devices.map(({ subject }) => subject.slice(PROVIDER.length)).join(', ')}`
}

export interface Diagnosis {
  readonly subject: string
  readonly state: 'ok' | 'gap'
  /** Whether Shiftscope works even if this check fails, perhaps more slowly or with fewer networks. */
  readonly optional: boolean
  readonly detail: string
  readonly remedy?: string
}

export async function examine(): Promise<readonly Diagnosis[]> {
  return [
    nodeDiagnosis(process.versions.node),
    processorDiagnosis(),
    addonDiagnosis(),
    cudaDiagnosis(),
    ...(await deviceDiagnoses()),
    await cacheDiagnosis(),
    ...(await weightDiagnoses()),
  ]
}

/** @param version such as `20.17.0` */
export function nodeDiagnosis(version: string): Diagnosis {
  const oldest = oldestNode()
  const isOld = version.localeCompare(oldest, 'en', { numeric: true }) < 0
  const found = {
    subject: 'Node.js',
    optional: false,
    detail: `v${version}, ${process.platform}-${process.arch}`,
  }
  if (!isOld) return { ...found, state: 'ok' }
  return { ...found, state: 'gap', remedy: `install Node.js ${oldest} or newer` }
}

function processorDiagnosis(): Diagnosis {
  const memory = (totalmem() / 2 ** 30).toFixed(1)
  return {
    subject: 'processor',
    state: 'ok',
    optional: false,
    detail: `${processorName()}, ${counted(availableCores(), 'core')}, ${memory} GiB`,
  }
}

function addonDiagnosis(): Diagnosis {
  const found = { subject: 'native addon', optional: false }
  try {
    return { ...found, state: 'ok', detail: `instruction set ${instructionSet()}` }
  } catch (error) {
    return { ...found, state: 'gap', detail: firstLine(error) }
  }
}

function cudaDiagnosis(): Diagnosis {
  const found = { subject: 'CUDA kernels', optional: true }
  try {
    const { devices, reason } = cudaDevices()
    const names = devices.map(({ index, name, memoryBytes }) => {
      return `${index}: ${name}, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB`
    })
    if (names.length === 0)
      return { ...found, state: 'gap', detail: `${reason}; the processor trains classifiers and compares features` }
    const detail = `${names.join('; ')}; used by separability and similarity, and by reproduce if networks run on CUDA`
    return { ...found, state: 'ok', detail: reason === '' ? detail : `${detail}; ${reason}` }
  } catch (error) {
    return { ...found, state: 'gap', detail: `cannot be checked: ${firstLine(error)}` }
  }
}

/**
 * Checks each execution provider of ONNX Runtime (such as `cuda`) that exists on this platform. It checks one after
 * another, because parallel checks would slow each other.
 */
async function deviceDiagnoses(): Promise<readonly Diagnosis[]> {
  const network = await chooseNetwork({ model: 'tiny-alexnet' })
  const diagnoses: Diagnosis[] = []
  for (const name of PROVIDER_NAMES)
    if (platformGap(name) === undefined) diagnoses.push(deviceDiagnosis(await tryDevice({ name, index: 0 }, network)))
  return diagnoses
}

function deviceDiagnosis(trial: DeviceTrial): Diagnosis {
  const { name } = trial.device
  const found = { subject: `${PROVIDER}${name}`, optional: !PROVIDERS[name].isProcessor }
  if (!trial.runs) return { ...found, state: 'gap', detail: trial.reason, remedy: trial.remedy }
  const adapter = trial.adapter === null ? '' : ` on ${trial.adapter}`
  const detail = `runs tiny-alexnet${adapter}, ${trial.milliseconds.toFixed(1)} ms for one image`
  if (!trial.software) return { ...found, state: 'ok', detail }
  const slow = `${detail}; this adapter computes on the processor, so --device cpu is faster`
  return { ...found, state: 'gap', detail: slow }
}

async function cacheDiagnosis(): Promise<Diagnosis> {
  const folder = cacheFolder()
  const found = { subject: 'cache folder', optional: false }
  try {
    await makeFolders(folder)
    await access(folder, constants.W_OK)
    return { ...found, state: 'ok', detail: folder }
  } catch (error) {
    const remedy = 'set SHIFTSCOPE_CACHE to a folder that can be written'
    return { ...found, state: 'gap', detail: `${folder}: ${firstLine(error)}`, remedy }
  }
}

/** Missing weights are reported only if the network belongs to a preset of the command `reproduce`. */
async function weightDiagnoses(): Promise<readonly Diagnosis[]> {
  const models = (await listNetworks()).filter(({ entry, state }) => entry.preset !== null || state !== 'missing')
  return models.map(({ entry, state, path }): Diagnosis => {
    const isEmbedded = entry.kind === 'embedded'
    const found = { subject: `weights of ${entry.id}`, optional: !isEmbedded }
    if (state !== 'missing') return { ...found, state: 'ok', detail: path ?? state }
    const remedy = isEmbedded ? 'install Shiftscope again' : `run "${weightsCommand(entry)}"`
    return { ...found, state: 'gap', detail: 'missing', remedy }
  })
}
