import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FileGuard, guardFiles } from './guardedFiles.js'
import { promptFiles } from './promptFiles.js'
import { randomOf } from './random.js'
import { type FuzzCase, type OpenReader, type Outcome, placeFiles, type Reader, tryCase } from './reader.js'

/** A reader at work in a folder of its own. */
export interface Trial {
  readonly draw: (caseNumber: number) => FuzzCase
  /** @param isPrompt whether it reads and writes its files at once, which is quicker than by Node's threads */
  readonly run: (drawn: FuzzCase, isPrompt?: boolean) => Promise<Outcome>
  readonly close: () => Promise<void>
}

/**
 * Opens a reader in a folder, beside which lies what it must not read; that folder is the current one until it is closed.
 * @param parent an empty folder
 */
export async function openTrial(reader: Reader, seed: number, parent: string): Promise<Trial> {
  const folder = join(realpathSync(parent), 'inside')
  mkdirSync(folder)
  writeFileSync(join(folder, '..', 'secret'), 'not to be read')
  const before = { folder: process.cwd(), environment: { ...process.env } }
  const files = promptFiles()
  const guard = reader.opensAnything ? undefined : guardFiles(folder, reader.readsBeyondEnds)
  process.chdir(folder)
  Object.assign(process.env, environmentIn(folder))
  const opened = await reader.open(folder)
  return {
    draw: (caseNumber) => opened.draw(randomOf(seed, reader.name, caseNumber)),
    run: (drawn, isPrompt = false) => {
      files.isOn = isPrompt
      return tryCase(opened, drawn, guard)
    },
    close: async () => {
      await closeReader(opened, guard)
      files.release()
      process.chdir(before.folder)
      for (const name of Object.keys(environmentIn(''))) restore(name, before.environment[name])
    },
  }
}

async function closeReader(opened: OpenReader, guard: FileGuard | undefined): Promise<void> {
  await opened.close?.()
  guard?.release()
}

/** Nothing of the machine's user, and nothing from outside of this machine. */
function environmentIn(folder: string): Readonly<Record<string, string>> {
  const nobody = 'http://localhost:1'
  return {
    ...{ HOME: folder, TMPDIR: folder, SHIFTSCOPE_CACHE: join(folder, 'cache'), ORT_DISABLE_TELEMETRY: '1' },
    ...{ HF_ENDPOINT: nobody, HF_TOKEN: '', HF_HUB_OFFLINE: '' },
    ...{ https_proxy: nobody, http_proxy: nobody, all_proxy: nobody, no_proxy: '', NO_PROXY: '' },
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}

/** Writes the files of a case where they can be looked at. @returns their folder */
export function keepCase(findings: string, reader: string, seed: number, caseNumber: number, drawn: FuzzCase): string {
  const folder = join(findings, `${reader}-seed-${seed}-case-${caseNumber}`)
  mkdirSync(folder, { recursive: true })
  placeFiles(folder, drawn)
  return folder
}
