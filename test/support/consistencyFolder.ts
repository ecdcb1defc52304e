import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../src/files/sha256.js'

/** Values of a network by photograph, in the order of `MEASURES`. */
export type MadeValues = Readonly<Record<string, readonly number[]>>

const MEASURES = [
  ['crop', 'agreement', 'higher'],
  ['crop', 'confidence', 'neither'],
  ['diagonal', 'change', 'lower'],
  ['diagonal', 'confidence', 'neither'],
] as const

const SETTINGS = { protocols: ['crop', 'diagonal'], draws: 5, seed: 0, background: '#000000' }

/** The files of a results folder of `consistency` that `compare` reads, by path. The content of a photograph is its name. */
export function consistencyFiles(
  networks: Readonly<Record<string, MadeValues>>,
  settings: Readonly<Record<string, unknown>> = {},
  facts: Readonly<Record<string, unknown>> = {},
  labels?: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const measures = MEASURES.map(([protocol, measure, better]) => ({ protocol, measure, better }))
  const heads = ['photograph', 'sha256', ...(labels ? ['label'] : [])]
  const head = [...heads, ...MEASURES.map(([protocol, measure]) => `${protocol} ${measure}`)]
  const described = Object.entries(networks).map(([model, values]) => ({
    model,
    weightsSha256: sha256(model),
    frame: 224,
    layer: 'fc',
    scores: { meaning: 'logits' },
    input: '224 px',
    precision: 'fp32',
    measures,
    photographs: Object.keys(values).length,
    ...facts,
  }))
  const tables = Object.entries(networks).map(([model, values]) => {
    const lines = Object.entries(values).map(([name, own]) => {
      const label = labels ? [labels[name] ?? ''] : []
      return [name, sha256(name), ...label, ...own.map(cellOf)]
    })
    return [`networks/${model}/photographs.csv`, `${[head, ...lines].map((cells) => cells.join(',')).join('\n')}\n`]
  })
  const document = { shiftscope: '0.1.0', ...SETTINGS, ...settings, networks: described }
  return { 'consistency.json': JSON.stringify(document), ...Object.fromEntries(tables) }
}

/** A value that does not exist is an empty cell. */
function cellOf(value: number): string {
  return Number.isNaN(value) ? '' : String(value)
}

/** Writes the files and returns the folder. */
export function writeConsistencyFolder(folder: string, ...made: Parameters<typeof consistencyFiles>): string {
  for (const [path, content] of Object.entries(consistencyFiles(...made))) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return folder
}
