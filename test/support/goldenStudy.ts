import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { copyFile, cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import { modelsFolder } from '../../src/files/package.js'
import { shiftscope, until } from './commandLine.js'

/** What the golden study consists of. The last object's name must appear everywhere as it is. */
export const GOLDEN = {
  models: ['tiny-alexnet', 'tiny-alexnet-aa'],
  layers: ['fc6', 'fc7', 'fc8'],
  patches: ['car', 'dog', '"><script>window.taken=1</script>'],
  sizes: [125, 75],
  stride: 33,
} as const

const PICTURES = ['car.png', 'dog.png', 'clock.png'] as const

/**
 * The folder of results of a real study, made by the command line for the first test that asks and shared by the whole run.
 * Who changes something in it takes a copy.
 */
export async function goldenStudy(): Promise<string> {
  const folder = inject('goldenStudy')
  const [results, failure] = [join(folder, 'results'), join(folder, 'failure.txt')]
  if (isFirst(folder)) {
    const error = await make(folder).catch(String)
    if (error === undefined) renameSync(join(folder, 'out'), results)
    else writeFileSync(failure, error)
  }
  await until(async () => existsSync(results) || existsSync(failure))
  if (existsSync(failure)) throw new Error(await readFile(failure, 'utf8'))
  return results
}

/** Copies the golden study to a folder that the test may change. */
export async function copyOfGoldenStudy(folder: string): Promise<void> {
  await cp(await goldenStudy(), folder, { recursive: true })
}

/** Whether no other test, in this process or another, has begun the study: only one of them can make the folder. */
function isFirst(folder: string): boolean {
  try {
    mkdirSync(join(folder, 'patches'))
    return true
  } catch {
    return false
  }
}

/** Makes the study in `out`, and gives the messages of a failure. */
async function make(folder: string): Promise<string | undefined> {
  const patches = join(folder, 'patches')
  for (const file of PICTURES) await copyFile(join(modelsFolder(), 'patches', file), join(patches, file))
  const entries = GOLDEN.patches.map((name, i) => ({ name, file: PICTURES[i] }))
  writeFileSync(join(patches, 'manifest.json'), JSON.stringify({ patches: entries }))
  const { status, stderr } = await shiftscope(
    ...['reproduce', '--models', GOLDEN.models.join(), '--patches', patches, '--stride', String(GOLDEN.stride)],
    ...['--experiments', 'similarity,separability', '--keep-features', '--workers', '1', '--threads', '1'],
    ...['--out', join(folder, 'out')],
  )
  return status === 0 ? undefined : stderr
}
