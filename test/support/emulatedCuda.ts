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
/** Number of the call that launches the first kernel, in a study too, where that compares a layer's features. */
export const FIRST_LAUNCH = '29'
/** Where it is, once it is built. */
export const EMULATED_ADDON = join(PACKAGE, 'native', 'build', 'emulated', 'shiftscope.node')

/**
 * Builds the addon on the emulated CUDA device of native/test, and says on the terminal why its tests are skipped where it
 * cannot be built. ctest builds it too, so that here is mostly nothing to do.
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

/** Builds the device, and a package with it in the folder `package`, before the first test of the file that asks. */
export async function useEmulatedPackage() {
  const isBuilt = await buildEmulatedAddon()
  const folder = sharedFolder()
  beforeAll(() => (isBuilt ? emulatedPackage(folder('package')) : undefined))
  return { isBuilt, folder }
}

/** Makes a package in the folder whose addon holds the emulated device, the rest being this one's. */
function emulatedPackage(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'native', 'build', 'Release'), { recursive: true })
  symlinkSync(EMULATED_ADDON, join(folder, 'native', 'build', 'Release', 'shiftscope.node'))
  // Modules are found by their real path, so that links to them would lead back to the addon of this package.
  for (const copied of ['dist', 'bench']) cpSync(join(PACKAGE, copied), join(folder, copied), { recursive: true })
  for (const same of ['node_modules', 'models', 'package.json', 'src'])
    symlinkSync(join(PACKAGE, same), join(folder, same))
}

const NETWORKS = ['tiny-alexnet', 'tiny-alexnet-aa']

/** What two units say, and what ran. */
export interface Stored {
  readonly notes: readonly string[]
  readonly ran: readonly (object | undefined)[]
  readonly text: string
  readonly numbers: readonly unknown[]
  readonly maps: readonly NpyArray[]
}

/**
 * One unit of each network, as reproduce stores them in `folder(out)` for a network on this device, by the package in
 * `folder('package')`.
 */
export async function storeUnits(
  folder: (...way: string[]) => string,
  out: string,
  device: string,
  machine: Readonly<Record<string, string>> = {},
): Promise<Stored> {
  const env = { ...process.env, ...machine }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [STORE_UNITS, folder('package'), folder(out), device],
    { env },
  )
  const { notes, ran } = JSON.parse(stdout) as { notes: string[]; ran: Record<string, object> }
  const unit = (network: string, file: string) => folder(out, 'units', network, '125', 'car', file)
  const texts = NETWORKS.map((network) => readFileSync(unit(network, 'unit.json'), 'utf8'))
  const maps = await Promise.all(NETWORKS.map((network) => readNpy(unit(network, 'similarity.npy'))))
  /** Whatever rounding cannot change: all but hashes and duality gaps. */
  const numbers = texts.map((text) =>
    JSON.parse(text, (key, value) => (['gap', 'sha256'].includes(key) ? undefined : value)),
  )
  return { notes, ran: NETWORKS.map((network) => ran[network]), text: texts.join(), numbers, maps }
}
