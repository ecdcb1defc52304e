import { execSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INPUTS = ['src', 'models', 'package.json', 'tsconfig.json']
/** What a build writes last. */
const LAST_OUTPUT = 'dist/page/liveBundle.js'

/** Builds `dist`, from which threads and the command line run, before the first test if something in `src` is newer. */
export default function buildIfStale(): void {
  const built = join(ROOT, LAST_OUTPUT)
  const changed = Math.max(...INPUTS.map((input) => lastChange(join(ROOT, input))))
  if (existsSync(built) && statSync(built).mtimeMs > changed) return
  execSync('npm run --silent build', { cwd: ROOT, stdio: 'inherit' })
}

/** When a file or anything in a folder was last written, added or removed, in milliseconds. */
function lastChange(path: string): number {
  const own = statSync(path)
  const inside = own.isDirectory() ? readdirSync(path).map((name) => lastChange(join(path, name))) : []
  return Math.max(own.mtimeMs, ...inside)
}
