import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ARITHMETIC_SCENES } from '../experiments/arithmeticScenes.js'
import { type AccuracyDocument, type ArithmeticDocument, readAccuracy, readArithmetic } from './arithmeticDocument.js'
import { fileName } from './fileName.js'

/** Arithmetic of one network in a results folder. */
export interface ArithmeticStudy {
  readonly model: string
  readonly scenes: readonly StoredScene[]
  /** Null: not measured. */
  readonly accuracy: AccuracyDocument | null
}

export interface StoredScene {
  readonly name: string
  readonly title: string
  /** Its folder, seen from the results folder, with slashes. */
  readonly folder: string
  readonly document: ArithmeticDocument
}

const ACCURACY_FILE = 'accuracy.json'

/** `arithmetic/<model>` below a results folder. */
export function arithmeticFolder(results: string, model: string): string {
  return join(results, 'arithmetic', fileName(model))
}

/** The counts of a network's random expressions. */
export function accuracyPath(results: string, model: string): string {
  return join(arithmeticFolder(results, model), ACCURACY_FILE)
}

/**
 * Reads all arithmetic of a results folder; an empty list where there is none. Scenes come in the order of the built-in
 * ones.
 * @throws InputError for a damaged description
 */
export async function readArithmeticStudies(results: string): Promise<readonly ArithmeticStudy[]> {
  const studies: ArithmeticStudy[] = []
  for (const folder of (await entriesIn(join(results, 'arithmetic'))).folders) {
    const path = join(results, 'arithmetic', folder)
    const { folders, files } = await entriesIn(path)
    const scenes: StoredScene[] = []
    for (const { name, title } of ARITHMETIC_SCENES) {
      if (!folders.includes(name)) continue
      const document = await readArithmetic(join(path, name))
      scenes.push({ name, title, folder: `arithmetic/${folder}/${name}`, document })
    }
    const accuracy = files.includes(ACCURACY_FILE) ? await readAccuracy(join(path, ACCURACY_FILE)) : null
    const model = scenes[0]?.document.model ?? accuracy?.inputs.model
    if (model !== undefined) studies.push({ model, scenes, accuracy })
  }
  return studies
}

async function entriesIn(path: string): Promise<{ folders: readonly string[]; files: readonly string[] }> {
  const entries = (await readdir(path, { withFileTypes: true }).catch(() => []))
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const names = (some: typeof entries) => some.map(({ name }) => name)
  return {
    folders: names(entries.filter((entry) => entry.isDirectory())),
    files: names(entries.filter((entry) => entry.isFile())),
  }
}
