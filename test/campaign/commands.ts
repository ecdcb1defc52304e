import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { modelsFolder } from '../../src/files/package.js'
import { annotation, writeAnnotations } from '../support/cocoFiles.js'
import { start } from '../support/commandLine.js'
import { startHub } from '../support/hubServer.js'
import { writeWeights } from '../support/torchFile.js'

/** A command that writes. */
export interface WritingCommand {
  readonly name: string
  /** Its words, and what it finds in its environment. */
  readonly run: (out: string) => { readonly words: readonly string[]; readonly env: Readonly<Record<string, string>> }
  /** What lies in the folder before it begins. */
  readonly before?: (folder: string) => Promise<void>
  /** Files that tell of the run and not of its results. */
  readonly differing: readonly string[]
  /** Commands that read what it wrote, by name; OUT stands for the folder of its results. */
  readonly readings?: Readonly<Record<string, readonly string[]>>
}

/** Of an extraction: it has the seconds that it took. */
const DESCRIPTION = 'out/extract.json'

/** One worker of one thread: what is killed and filled up is the same on every machine. */
const ONE = ['--workers', '1', '--threads', '1']

const OBJECTS = ['--patches', 'dog,car', '--sizes', '75', '--stride', '12']
const STUDY = ['reproduce', '--models', 'tiny-alexnet', ...OBJECTS, ...ONE]

/**
 * Every command that writes, small enough to run some hundred times. What a command reads lies in `inputs`; its cache and
 * its folder of results lie in the folder that it is given.
 */
export async function writingCommands(inputs: string): Promise<readonly WritingCommand[]> {
  const patches = join(modelsFolder(), 'patches')
  const photographs = join(import.meta.dirname, '../golden/consistency')
  await mkdir(join(inputs, 'pictures'), { recursive: true })
  for (const name of ['dog.png', 'car.png'])
    await writeFile(join(inputs, 'pictures', name), await readFile(join(patches, name)))
  writeAnnotations(join(inputs, 'instances.json'), [annotation(1, 1), annotation(2, 2, { category_id: 3 })], {
    images: [
      { id: 1, file_name: 'dog.png', width: 222, height: 199 },
      { id: 2, file_name: 'car.png', width: 224, height: 152 },
    ],
    categories: [
      { id: 18, name: 'dog' },
      { id: 3, name: 'car' },
    ],
  })
  const checkpoint = join(inputs, 'mobilenet_v2.pth')
  writeWeights(checkpoint, 'mobilenet_v2')
  const resnet = await readFile(join(import.meta.dirname, '../golden/exports/resnet18.onnx'))
  const hub = await startHub(
    { name: 'owner/name', files: { 'model.onnx': resnet, 'config.json': Buffer.from('{}') } },
    'http',
  )
  const study = join(inputs, 'study')
  const made = await start([...STUDY, '--out', join(study, 'out')], { SHIFTSCOPE_CACHE: join(study, 'cache') }).ended
  if (made.status !== 0) throw new Error(made.stderr)
  const command = (
    name: string,
    words: (out: string) => readonly string[],
    more: Partial<WritingCommand> = {},
  ): WritingCommand => ({
    name,
    run: (out) => ({ words: words(join(out, 'out')), env: { SHIFTSCOPE_CACHE: join(out, 'cache') } }),
    differing: [],
    ...more,
  })
  const differing = ['out/run.json']
  const readings = { report: ['report', 'OUT'] }
  const similarity = ['similarity', 'OUT/fc6.npy', '--json']
  const mobilenet = ['extract', '--model', 'mobilenet_v2', '--patch', 'dog', '--size', '75', '--stride', '100', ...ONE]
  const extraction = ['extract', '--model', 'tiny-alexnet', '--patch', 'dog', '--size', '75', '--stride', '6', ...ONE]
  return [
    command('reproduce', (out) => [...STUDY, '--out', out], { differing, readings }),
    command('reproduce --keep-features', (out) => [...STUDY, '--keep-features', '--out', out], { differing, readings }),
    command(
      'reproduce --experiments arithmetic',
      (out) => [...STUDY, '--experiments', 'similarity,arithmetic', '--expressions', '2', '--out', out],
      { differing, readings },
    ),
    command('extract', (out) => [...extraction, '--out', out], { differing: [DESCRIPTION], readings: { similarity } }),
    command('arithmetic', (out) => [
      ...['arithmetic', '--expression', 'A - B', '--layer', 'fc6'],
      ...['--image', 'A=dog@0,0 car@100,100', '--image', 'B=car@100,100', '--out', out],
    ]),
    command(
      'consistency',
      (out) => [
        ...['consistency', photographs, '--model', join(photographs, 'classifier.onnx'), '--input', 'imagenet'],
        ...[...ONE, '--batch', '1', '--out', out],
      ],
      { differing },
    ),
    command('patches images', (out) => ['patches', 'images', join(inputs, 'pictures'), '--out', out]),
    command('patches coco', (out) => [
      ...['patches', 'coco', '--annotations', join(inputs, 'instances.json'), '--images', join(inputs, 'pictures')],
      ...['--classes', 'dog,car', '--per-class', '1', '--out', out],
    ]),
    command('models import', () => ['models', 'import', 'mobilenet_v2', checkpoint], {
      differing: [DESCRIPTION],
      readings: {
        'models verify': ['models', 'verify', 'mobilenet_v2', '--json'],
        extract: [...mobilenet, '--out', 'OUT'],
      },
    }),
    command('models pull', () => ['models', 'pull', 'hf:owner/name'], {
      run: (out) => ({
        words: ['models', 'pull', 'hf:owner/name'],
        env: { SHIFTSCOPE_CACHE: join(out, 'cache'), HF_ENDPOINT: hub.address },
      }),
      readings: { 'models inspect': ['models', 'inspect', 'hf:owner/name', '--json'] },
    }),
    command('report', (out) => ['report', out], {
      differing,
      before: (folder) => cp(study, folder, { recursive: true }),
    }),
  ]
}
