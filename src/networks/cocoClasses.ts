import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { modelsFolder } from '../files/package.js'
import type { NamedClasses } from './classNames.js'

const schema = z.object({ classes: z.array(z.string()).length(91).readonly() })

/**
 * Names of COCO's classes, in the order of a network's output: 91 by their ids, where 0 is the background and ten are
 * unused, or the 80 that are used.
 * @param counts numbers of classes that the network may have
 */
export function cocoClasses(counts: readonly number[]): NamedClasses | undefined {
  const { classes } = schema.parse(JSON.parse(readFileSync(join(modelsFolder(), 'coco_classes.json'), 'utf8')))
  const known = [classes.slice(1).filter((name) => name !== ''), classes.map((name, id) => name || `unused ${id}`)]
  const names = known.find(({ length }) => counts.includes(length))
  return names && { names, source: `COCO’s, as there are ${names.length}` }
}
