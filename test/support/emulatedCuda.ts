import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll } from 'vitest'
import { type NpyArray, readNpy } from '../../src/files/npy.js'
import { sharedFolder } from './temporaryFolder.js'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const STORE_UNITS = fileURLToPath(new URL('../study/processes/storeUnits.mjs', import.meta.url))
/**
 * Number of the CUDA call that launches the first kernel. In a study, this is the kernel that compares a layer's
 * features.
 */
export const FIRST_LAUNCH = '29'
/** Path of the addon with the emulated device, once it is built. */
export const EMULATED_ADDON = join(PACKAGE, 'native', 'build', 'emulated', 'shiftscope.node')

/**
 * Builds the addon with the emulated CUDA device of native/test. If it cannot be built, prints why its tests are
 * skipped. ctest builds it too, so there is usually nothing left to do.
 */
async function buildEmulatedAddon(): Promise<boolean> {
  const build = ['--build', join(PACKAGE, 'native', 'build'), '--config', 'Release', '--target', 'shiftscope_emulated']
  const reason = await promisify(execFile)('cmake', build).then(
    ({ stdout }) => (existsSync(EMULATED_ADDON) ? undefined : /skipped: (.*)/.exec(stdout)?.[1]),
    (error: Error & { stdout?: string }) => `${error.message} ${error.stdout}`.trim(),
  )
  if (reason !== undefined) console.warn(`tests on an emulated CUDA device are skipped: ${reason}`)
  return reason === undefined
}

/** Builds the device before the first test of the calling file, and makes a package with it in the folder `package`. */
export async function useEmulatedPackage() {
  const isBuilt = await buildEmulatedAddon()
  const folder = sharedFolder()
  beforeAll(() => (isBuilt ? emulatedPackage(folder('package')) : undefined))
  return { isBuilt, folder }
}

/** Makes a copy of this package in the folder, except that its addon has the emulated device. */
function emulatedPackage(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'native', 'build', 'Release'), { recursive: true })
  symlinkSync(EMULATED_ADDON, join(folder, 'native', 'build', 'Release', 'shiftscope.node'))
  // Modules are found by their real path, so links to these folders would lead back to this package's addon.
  for (const copied of ['dist', 'bench']) cpSync(join(PACKAGE, copied), join(folder, copied), { recursive: true })
  for (const same of ['node_modules', 'models', 'package.json', 'src'])
    symlinkSync(join(PACKAGE, same), join(folder, same))
}

const NETWORKS = ['tiny-alexnet', 'tiny-alexnet-aa']

/** Contents of two stored units, and the devices that computed them. */
export interface Stored {
  readonly notes: readonly string[]
  readonly ran: readonly (object | undefined)[]
  readonly text: string
  readonly numbers: readonly unknown[]
  readonly maps: readonly NpyArray[]
}

/**
 * Stores one unit of each network in `folder(out)`, as `reproduce` does for a network on this device. It uses the
 * package in `folder('package')`.
 */
export async function storeUnits(
  folder: (...way: string[]) => string,
  out: string,
  device: string,
  machine: Readonly<Record<string, string>> = {},
): Promise<Stored> {
  const words = [STORE_UNITS, folder('package'), folder(out), device]
  const { stdout } = await promisify(execFile)(process.execPath, words, { env: { ...process.env, ...machine } })
  const { notes, ran } = JSON.parse(stdout) as { notes: string[]; ran: Record<string, object> }
  const unit = (network: string, file: string) => folder(out, 'units', network, '125', 'car', file)
  const texts = NETWORKS.map((network) => readFileSync(unit(network, 'unit.json'), 'utf8'))
  const maps = await Promise.all(NETWORKS.map((network) => readNpy(unit(network, 'similarity.npy'))))
  /** Numbers that rounding cannot change: all except hashes and duality gaps. */
  const numbers = texts.map((text) =>
    JSON.parse(text, (key, value) => (['gap', 'sha256'].includes(key) ? undefined : value)),
  )
  return { notes, ran: NETWORKS.map((network) => ran[network]), text: texts.join(), numbers, maps }
}
