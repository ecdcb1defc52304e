import { readBackground } from '../../patches/background.js'
import { patchesFrom } from '../../patches/collection.js'
import { type ArithmeticItem, arithmeticItem } from '../arithmetic/item.js'
import type { ResolvedOptions } from './options.js'
import { networkWithGenerators } from './studyNetworks.js'

/** Opens the networks of the experiment `arithmetic`, and plans one item for each. */
export async function planArithmetic(out: string, options: ResolvedOptions): Promise<readonly ArithmeticItem[]> {
  const { arithmeticModels, background, blend, expressions, seed, signal } = options
  if (arithmeticModels.length === 0) return []
  const patches = await patchesFrom(options.patches)
  const items: ArithmeticItem[] = []
  for (const model of new Set(arithmeticModels)) {
    const choice = await networkWithGenerators(model, options)
    const ground = await readBackground(background, choice.network.input.rows, signal)
    const settings = { out, patches, background: ground, blend, trialsPerKind: expressions, seed, signal }
    items.push(await arithmeticItem(choice, settings))
  }
  return items
}
