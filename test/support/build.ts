import { execSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INPUTS = ['src', 'models', 'package.json', 'tsconfig.json']
/** The last file that a build writes. */
const LAST_OUTPUT = 'dist/page/liveBundle.js'

/** Builds `dist` before the first test if something in `src` is newer. Threads and the command line run from `dist`. */
export default function buildIfStale(): void {
  const built = join(ROOT, LAST_OUTPUT)
  const changed = Math.max(...INPUTS.map((input) => lastChange(join(ROOT, input))))
  if (existsSync(built) && statSync(built).mtimeMs > changed) return
  execSync('npm run --silent build', { cwd: ROOT, stdio: 'inherit' })
}

/** Time in milliseconds at which a file, or anything in a folder, was last written, added or removed. */
function lastChange(path: string): number {
  const own = statSync(path)
  const inside = own.isDirectory() ? readdirSync(path).map((name) => lastChange(join(path, name))) : []
  return Math.max(own.mtimeMs, ...inside)
}
