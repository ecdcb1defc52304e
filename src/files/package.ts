import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The package's own folder; this file lies two folders below it, as source and as build output. */
export function packageFolder(): string {
  return dirname(dirname(dirname(fileURLToPath(import.meta.url))))
}

/** Embedded networks, patches and reference data. */
export function modelsFolder(): string {
  return join(packageFolder(), 'models')
}

/** Version of the package, from package.json. */
export function packageVersion(): string {
  const text = readFileSync(join(packageFolder(), 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/**
 * Address of a worker's script, given its place in the build: threads and processes run plain JavaScript, also when the
 * rest of the program runs from its TypeScript source.
 */
export function workerFile(script: string): string {
  return pathToFileURL(join(packageFolder(), 'dist', script)).href
}
