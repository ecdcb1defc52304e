import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

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
