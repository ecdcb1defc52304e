import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Intact files below test/golden whose names match, in the order of these. The project's folder is the current one at the start. */
const goldens = resolve('test/golden')

export function goldenFiles(folder: string, names: RegExp): readonly Buffer[] {
  return readdirSync(join(goldens, folder))
    .filter((name) => names.test(name))
    .sort()
    .map((name) => readFileSync(join(goldens, folder, name)))
}
