import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { modelsFolder } from '../../files/package.js'

const schema = z.object({ credit: z.string(), classes: z.array(z.string()).length(1000).readonly() })

let known: readonly string[] | undefined
let wnids: readonly string[] | undefined

/** Names of ImageNet's 1000 classes, in the order of a network's output. */
export function imagenetClasses(): readonly string[] {
  known ??= schema.parse(JSON.parse(readFileSync(join(modelsFolder(), 'imagenet_classes.json'), 'utf8'))).classes
  return known
}

/** WordNet's identifiers of ImageNet's 1000 classes, such as n01440764, in the order of a network's output. */
export function imagenetWnids(): readonly string[] {
  wnids ??= readFileSync(join(modelsFolder(), 'imagenet_wnids.txt'), 'utf8').trimEnd().split('\n')
  return wnids
}
