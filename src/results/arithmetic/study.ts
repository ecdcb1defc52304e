import { basename, join } from 'node:path'
import { ARITHMETIC_SCENES } from '../../experiments/arithmetic/scenes.js'
import { fileName } from '../../files/fileName.js'
import { regularSize } from '../../files/regularFile.js'
import { foldersIn } from '../store/openResults.js'
import { type AccuracyDocument, type ArithmeticDocument, readAccuracy, readArithmetic } from './document.js'

/** Results of `reproduce --experiments arithmetic` for one network, as stored in a results folder. */
export interface ArithmeticStudy {
  readonly model: string
  readonly scenes: readonly StoredExpression[]
  readonly accuracy: AccuracyDocument | null
}

export interface StoredExpression {
  readonly name: string
  readonly title: string
  /** Path relative to the results folder, with `/` on every system. */
  readonly folder: string
  readonly document: ArithmeticDocument
}

const ACCURACY_FILE = 'accuracy.json'

export function arithmeticFolder(results: string, model: string): string {
  return join(results, 'arithmetic', fileName(model))
}

export function accuracyPath(results: string, model: string): string {
  return join(arithmeticFolder(results, model), ACCURACY_FILE)
}

/**
 * Reads the results of `reproduce --experiments arithmetic` in a results folder, for all networks. Scenes have the order
 * of ARITHMETIC_SCENES.
 * @throws InputError if a description is damaged, or a file that it lists is damaged or missing
 */
export async function readArithmeticStudies(results: string): Promise<readonly ArithmeticStudy[]> {
  const studies: ArithmeticStudy[] = []
  for (const path of await foldersIn(join(results, 'arithmetic'))) {
    const folders = await foldersIn(path)
    const scenes: StoredExpression[] = []
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
