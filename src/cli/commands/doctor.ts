import { access, constants } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { Command } from 'commander'
import { availableCores } from '../../cores.js'
import { counted } from '../../counted.js'
import { DEVICE_NAMES, type Device, nvidiaModels, platformGap, processorName } from '../../engine/device.js'
import { type DeviceTrial, tryDevice } from '../../engine/deviceTrial.js'
import { makeFolders } from '../../files/atomic.js'
import { cudaDevices, instructionSet } from '../../native.js'
import { cacheFolder, listNetworks, resolveNetwork, weightsCommand } from '../../networks/index.js'
import { asFlags } from '../flags.js'
import { print, printJson } from '../output.js'

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what this machine has and lacks: addon, instruction set, execution providers, weights')
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await examine()
      if (json) return printJson(findings)
      for (const { subject, state, detail, remedy } of findings) {
        print(`${state === 'ok' ? '✓' : '–'} ${subject}: ${asFlags(detail)}`)
        if (remedy) print(`    ${asFlags(remedy)}`)
      }
    })
}

/** The oldest Node.js that is supported. */
const MIN_NODE = 20

/** One thing that was looked at. */
interface Diagnosis {
  readonly subject: string
  readonly state: 'ok' | 'gap'
  readonly detail: string
  /** What to do about a gap. */
  readonly remedy?: string
}

/** Looks at everything that the product needs or can use on this machine. */
async function examine(): Promise<readonly Diagnosis[]> {
  return [
    nodeDiagnosis(),
    processorDiagnosis(),
    addonDiagnosis(),
    cudaDiagnosis(),
    ...(await deviceDiagnoses()),
    await cacheDiagnosis(),
    ...(await weightDiagnoses()),
  ]
}

function nodeDiagnosis(): Diagnosis {
  const ok = Number(process.versions.node.split('.')[0]) >= MIN_NODE
  const detail = `${process.version}, ${process.platform}-${process.arch}`
  return ok
    ? { subject: 'Node.js', state: 'ok', detail }
    : { subject: 'Node.js', state: 'gap', detail, remedy: `install Node.js ${MIN_NODE} or newer` }
}

function processorDiagnosis(): Diagnosis {
  const memory = (totalmem() / 2 ** 30).toFixed(1)
  return {
    subject: 'processor',
    state: 'ok',
    detail: `${processorName()}, ${counted(availableCores(), 'core')}, ${memory} GiB`,
  }
}

function addonDiagnosis(): Diagnosis {
  try {
    return { subject: 'native addon', state: 'ok', detail: `instruction set ${instructionSet()}` }
  } catch (error) {
    return {
      subject: 'native addon',
      state: 'gap',
      detail: firstLine(error),
      remedy: 'install shiftscope again, or build it with CMake and a C++20 compiler: npm run build:native',
    }
  }
}

/** CUDA is an addition: without it something is missing only where there is a card. */
function cudaDiagnosis(): Diagnosis {
  const subject = 'CUDA kernels'
  try {
    const { devices, reason } = cudaDevices()
    const names = devices.map(({ index, name, memoryBytes }) => {
      return `${index}: ${name}, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB`
    })
    if (names.length === 0) {
      const state = nvidiaModels().length > 0 ? 'gap' : 'ok'
      return { subject, state, detail: `${reason}; the processor trains classifiers and compares features` }
    }
    const detail = `${names.join('; ')}; used for separability and similarity, and for reproduce beside networks on CUDA`
    return { subject, state: 'ok', detail: reason === '' ? detail : `${detail}; ${reason}` }
  } catch (error) {
    return { subject, state: 'ok', detail: `not looked for: ${firstLine(error)}` }
  }
}

/** The providers that onnxruntime-node has on this platform, one after another: together they would slow each other. */
async function deviceDiagnoses(): Promise<readonly Diagnosis[]> {
  const network = await resolveNetwork({ id: 'tiny-alexnet' })
  const names = DEVICE_NAMES.filter((name): name is Device['name'] => name !== 'auto').filter(
    (name) => platformGap(name) === undefined,
  )
  const diagnoses: Diagnosis[] = []
  for (const name of names) diagnoses.push(deviceDiagnosis(await tryDevice({ name, index: 0 }, network)))
  return diagnoses
}

/** A software adapter is no gap, but nothing to use either. */
function deviceDiagnosis(trial: DeviceTrial): Diagnosis {
  const { name } = trial.device
  const subject = `execution provider ${name}`
  if (!trial.runs) return { subject, state: 'gap', detail: trial.reason, remedy: trial.remedy }
  const adapter = trial.adapter === null ? '' : ` on ${trial.adapter}`
  const detail = `runs tiny-alexnet${adapter}, ${trial.milliseconds.toFixed(1)} ms for one image`
  if (!trial.software) return { subject, state: 'ok', detail }
  return {
    subject,
    state: 'ok',
    detail: `${detail}; this adapter computes on the processor, so the device cpu is faster`,
  }
}

async function cacheDiagnosis(): Promise<Diagnosis> {
  const folder = cacheFolder()
  try {
    await makeFolders(folder)
    await access(folder, constants.W_OK)
    return { subject: 'cache folder', state: 'ok', detail: folder }
  } catch (error) {
    return {
      subject: 'cache folder',
      state: 'gap',
      detail: `${folder}: ${firstLine(error)}`,
      remedy: 'set SHIFTSCOPE_CACHE to a folder that can be written',
    }
  }
}

/** What no preset needs is no gap where it is missing. */
async function weightDiagnoses(): Promise<readonly Diagnosis[]> {
  const models = (await listNetworks()).filter(({ entry, state }) => entry.preset !== null || state !== 'missing')
  return models.map(({ entry, state, path }): Diagnosis => {
    const subject = `weights of ${entry.id}`
    if (state !== 'missing') return { subject, state: 'ok', detail: path ?? state }
    return {
      subject,
      state: 'gap',
      detail: 'missing',
      remedy: entry.kind === 'embedded' ? 'install the package again' : weightsCommand(entry),
    }
  })
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] as string
}
