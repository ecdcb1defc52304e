import { sha256 } from '../../files/sha256.js'
import { readAccuracy } from '../../results/arithmetic/document.js'
import { accuracyPath } from '../../results/arithmetic/study.js'
import type { PlannedItem, RunEntry } from '../items/runFile.js'
import { arithmeticTitle } from './item.js'

/** The arithmetic that an entry of run.json plans. */
export function entryArithmetic(results: string, { arithmetic = [] }: RunEntry): readonly PlannedItem[] {
  return arithmetic.map(({ model, inputsSha256 }) => ({
    kind: 'arithmetic',
    title: arithmeticTitle(model),
    isStored: () => hasAccuracy(results, model, inputsSha256),
  }))
}

/** Whether the arithmetic of these inputs is finished. Its file of accuracies is written last. */
async function hasAccuracy(results: string, model: string, inputsSha256: string): Promise<boolean> {
  const stored = await readAccuracy(accuracyPath(results, model)).catch(() => undefined)
  return stored !== undefined && sha256(JSON.stringify(stored.inputs)) === inputsSha256
}
