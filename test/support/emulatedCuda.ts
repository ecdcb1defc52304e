import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
/** Where it is, once it is built. */
export const EMULATED_ADDON = join(PACKAGE, 'native', 'build', 'emulated', 'shiftscope.node')

/**
 * Builds the addon on the emulated CUDA device of native/test, and says on the terminal why its tests are skipped where it
 * cannot be built. ctest builds it too, so that here is mostly nothing to do.
 */
export async function buildEmulatedAddon(): Promise<boolean> {
  const build = ['--build', join(PACKAGE, 'native', 'build'), '--config', 'Release', '--target', 'shiftscope_emulated']
  const reason = await promisify(execFile)('cmake', build).then(
    ({ stdout }) => (existsSync(EMULATED_ADDON) ? undefined : /skipped: (.*)/.exec(stdout)?.[1]),
    (error: Error & { stdout?: string }) => `${error.message} ${error.stdout}`.trim(),
  )
  if (reason !== undefined) console.warn(`tests on an emulated CUDA device are skipped: ${reason}`)
  return reason === undefined
}

/** Makes a package in the folder whose addon holds the emulated device, the rest being this one's. */
export function emulatedPackage(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'native', 'build', 'Release'), { recursive: true })
  symlinkSync(EMULATED_ADDON, join(folder, 'native', 'build', 'Release', 'shiftscope.node'))
  // Modules are found by their real path, so that links to them would lead back to the addon of this package.
  for (const copied of ['dist', 'bench']) cpSync(join(PACKAGE, copied), join(folder, copied), { recursive: true })
  for (const same of ['node_modules', 'models', 'package.json', 'src'])
    symlinkSync(join(PACKAGE, same), join(folder, same))
}
