import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The package's root folder. In both `src` and `dist`, this file is two folders below it. */
export function packageFolder(): string {
  return dirname(dirname(dirname(fileURLToPath(import.meta.url))))
}

/** Folder of the embedded networks, patches and reference data. */
export function modelsFolder(): string {
  return join(packageFolder(), 'models')
}

export function packageVersion(): string {
  return packageJson().version
}

/** The oldest version of Node.js that the package runs on, such as `20.17`. */
export function oldestNode(): string {
  return packageJson().engines.node.replace('>=', '')
}

function packageJson(): { readonly version: string; readonly engines: { readonly node: string } } {
  return JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8'))
}

/**
 * URL of a script in `dist`. Threads and child processes run this plain JavaScript, even if the program itself runs
 * from its TypeScript source.
 */
export function workerFile(script: string): string {
  return pathToFileURL(join(packageFolder(), 'dist', script)).href
}
