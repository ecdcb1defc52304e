import type { StudyGroup } from '../results/study.js'
import { INPUT_TEXTS } from '../results/unit/compare.js'

/** What may differ between networks and sizes of one results folder, and makes their numbers hard to compare. */
const SETTINGS = ['stride', 'background', 'blend', 'precision', 'loss', 'C', 'seed'] as const

/**
 * One line that says which networks and sizes were made otherwise than others, since results of several runs may lie in one
 * folder; undefined where all were made alike.
 */
export function protocolNote(groups: readonly StudyGroup[]): string | undefined {
  const differences = SETTINGS.flatMap((name) => {
    const groupsByValue = new Map<string, string[]>()
    for (const { model, size, units } of groups) {
      const value = units[0] && INPUT_TEXTS[name](units[0].inputs)
      if (value === undefined) continue
      groupsByValue.set(value, [...(groupsByValue.get(value) ?? []), `${model} ${size}`])
    }
    if (groupsByValue.size < 2) return []
    return [`${name} ${[...groupsByValue].map(([value, names]) => `${value} (${names.join(', ')})`).join(' or ')}`]
  })
  if (differences.length === 0) return undefined
  return `Not all networks and sizes were measured alike, so that their numbers cannot be compared as they are: ${differences.join('; ')}.`
}
