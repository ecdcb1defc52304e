import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { modelsFolder } from '../../src/files/package.js'
import { shiftscope } from './commandLine.js'
import { sharedFolder } from './temporaryFolder.js'

/** Inputs of the golden study. The last object's name must appear everywhere unchanged. */
export const GOLDEN = {
  models: ['tiny-alexnet', 'tiny-alexnet-aa'],
  layers: ['fc6', 'fc7', 'fc8'],
  patches: ['car', 'dog', '"><script>window.taken=1</script>'],
  sizes: [125, 75],
  stride: 33,
} as const

const PICTURES = ['car.png', 'dog.png', 'clock.png'] as const

const inFolder = sharedFolder()
let study: Promise<string> | undefined

/**
 * Results folder of a real study, which the command line makes for the first test that asks. A test that changes
 * something in it must use a copy.
 */
export function goldenStudy(): Promise<string> {
  study ??= make()
  return study
}

/** Copies the golden study to a folder that the test may change. */
export async function copyOfGoldenStudy(folder: string): Promise<void> {
  await cp(await goldenStudy(), folder, { recursive: true })
}

async function make(): Promise<string> {
  const [patches, out] = [inFolder('patches'), inFolder('out')]
  await mkdir(patches)
  for (const file of PICTURES) await copyFile(join(modelsFolder(), 'patches', file), join(patches, file))
  const entries = GOLDEN.patches.map((name, i) => ({ name, file: PICTURES[i] }))
  await writeFile(join(patches, 'manifest.json'), JSON.stringify({ patches: entries }))
  const { status, stderr } = await shiftscope(
    ...['reproduce', '--models', GOLDEN.models.join(), '--patches', patches, '--stride', String(GOLDEN.stride)],
    ...['--experiments', 'similarity,separability', '--keep-features', '--workers', '1', '--threads', '1'],
    ...['--out', out],
  )
  if (status !== 0) throw new Error(stderr)
  return out
}
