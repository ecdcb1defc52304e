import { basename, join } from 'node:path'
import { ARITHMETIC_SCENES } from '../experiments/arithmeticScenes.js'
import { regularSize } from '../files/regularFile.js'
import { type AccuracyDocument, type ArithmeticDocument, readAccuracy, readArithmetic } from './arithmeticDocument.js'
import { fileName } from './fileName.js'
import { foldersIn } from './openResults.js'

/** Arithmetic of one network in a results folder. */
export interface ArithmeticStudy {
  readonly model: string
  readonly scenes: readonly StoredScene[]
  /** Null if not measured. */
  readonly accuracy: AccuracyDocument | null
}

export interface StoredScene {
  readonly name: string
  readonly title: string
  /** Path of its folder relative to the results folder, with slashes. */
  readonly folder: string
  readonly document: ArithmeticDocument
}

const ACCURACY_FILE = 'accuracy.json'

/** Path of `arithmetic/<model>` in a results folder. */
export function arithmeticFolder(results: string, model: string): string {
  return join(results, 'arithmetic', fileName(model))
}

/** Path of the file with the counts of a network's random expressions. */
export function accuracyPath(results: string, model: string): string {
  return join(arithmeticFolder(results, model), ACCURACY_FILE)
}

/**
 * Reads all arithmetic of a results folder; an empty list if there is none. Scenes come in the order of the built-in
 * ones.
 * @throws InputError for a damaged description
 */
export async function readArithmeticStudies(results: string): Promise<readonly ArithmeticStudy[]> {
  const studies: ArithmeticStudy[] = []
  for (const path of await foldersIn(join(results, 'arithmetic'))) {
    const folders = await foldersIn(path)
    const scenes: StoredScene[] = []
    for (const { name, title } of ARITHMETIC_SCENES) {
      if (!folders.includes(join(path, name))) continue
      const document = await readArithmetic(join(path, name))
      scenes.push({ name, title, folder: `arithmetic/${basename(path)}/${name}`, document })
    }
    const accuracyFile = join(path, ACCURACY_FILE)
    const accuracy = await regularSize(accuracyFile).then(
      () => readAccuracy(accuracyFile),
      () => null,
    )
    const model = scenes[0]?.document.model ?? accuracy?.inputs.model
    if (model !== undefined) studies.push({ model, scenes, accuracy })
  }
  return studies
}
