import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { modelsFolder } from '../../files/package.js'
import { imagenetClasses } from './imagenet.js'

const index = z.number().int()
const schema = z.object({
  categories: z.record(
    z.string(),
    /**
     * The classes that are right for an object of the category. `imagenet` holds indices of ImageNet's classes, or
     * ranges [first, last] of them. `names` holds class names that other networks use.
     */
    z.object({ imagenet: z.array(z.union([index, z.tuple([index, index])])), names: z.array(z.string()) }),
  ),
})

let known: z.infer<typeof schema>['categories'] | undefined

/**
 * @param answer name of a class; synonyms after a comma are ignored
 * @returns null if unknown: the category is not one of the paper's ten, or the network has no class for it
 */
export function isOfCategory(category: string | null, answer: string, classes: Iterable<string>): boolean | null {
  known ??= schema.parse(JSON.parse(readFileSync(join(modelsFolder(), 'object_classes.json'), 'utf8'))).categories
  const entry = category !== null && Object.hasOwn(known, category) ? known[category] : undefined
  if (entry === undefined) return null
  const indices = entry.imagenet.flatMap((one) => {
    const [first, last] = typeof one === 'number' ? [one, one] : one
    return imagenetClasses().slice(first, last + 1)
  })
  const right = new Set([...entry.names, ...indices])
  const isRight = (name: string) => right.has(name.split(',')[0]!)
  return [...classes].some(isRight) ? isRight(answer) : null
}
