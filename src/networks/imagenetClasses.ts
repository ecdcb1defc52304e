import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelsFolder } from '../files/package.js'

let known: readonly string[] | undefined
export function imagenetClasses(): readonly string[] {
  known ??= (JSON.parse(readFileSync(join(modelsFolder(), 'imagenet_classes.json'), 'utf8')) as { classes: string[] })
    .classes
  return known
}
