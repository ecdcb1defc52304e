import { copyFileSync, mkdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { modelsFolder } from '../../src/files/package.js'
import { runHere } from '../support/inProcess.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

beforeEach(() => {
  mkdirSync(folder('pictures'))
  for (const name of ['dog', 'car'])
    copyFileSync(`${modelsFolder()}/patches/${name}.png`, folder('pictures', `${name}.png`))
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
})
afterEach(() => void vi.unstubAllEnvs())

const STUDY = 'reproduce --models tiny-alexnet --patches PICTURES --layers fc8 --sizes 200'
const ANSWERS = [
  /^What else changes when the object moves\? Can’t tell: fewer than 5 objects were$/,
  /^measured\.$/,
  /^findings\.json has the numbers$/,
  /^tiny-alexnet, 200 px: agreement relative to chance 100 % \(chance 0\.0 %\), 2$/,
  /^different answers to 2 objects \(effective number 2\.0\), mean confidence 0\.\d{3}$/,
]

const EXTRACTION = 'extract --model tiny-alexnet --patch dog --size 200 --stride 4 --layers fc8 --out FEATURES'
const WHOLE_STUDY = `${STUDY} --stride 24 --experiments similarity --out STUDY`

/** The words of a command, every line of its stdout and of its stderr, and a command that must have run before. */
const COMMANDS: readonly (readonly [string, readonly RegExp[], readonly RegExp[], string?])[] = [
  [
    'models list',
    [
      /^id +is +weights +size +licence$/,
      /^vgg16 +VGG-16 +missing +553\.4 MB +BSD-3-Clause$/,
      /^deepsim-fc7 +DeePSiM( generator( of)?)? +missing +224\.4 MB +none stated$/,
      /^[\w.-]+ .* (embedded|missing|present) .{1,40}$/,
      /^ {21}\S/,
    ],
    [/^to get missing weights, run "shiftscope models pull alexnet"$/],
  ],
  [
    'models inspect tiny-alexnet',
    [
      /^file {5}\S*tiny-alexnet\.onnx$/,
      /^input {4}image, float32 \[N, 3, 224, 224\]$/,
      /^pixels {3}224×224, rgb, divided by 255, minus [\d. ]+, divided by [\d. ]+$/,
      /^form {5}channels first, float32, any batch size, operator set \d+$/,
      /^output {3}fc8, float32 \[N, 627\]: scores \(logits: no Softmax or Sigmoid before the$/,
      /^output {3}fc7, float32 \[N, 768\]: embedding$/,
      /^classes {2}627, such as [\w-]+, [\w-]+, [\w-]+; source:$/,
      /^layers {3}fc6 \(768 values\), fc7 \(768 values\), fc8 \(627 values\) by default$/,
      /^speed {4}\d\.\d times as fast by computing repeated values once \(predicted for an$/,
      /^ {9}\S/,
      /^output {3}fc/,
      /^tensor +operator +shape +values +read$/,
      /^fc7 +Gemm +\[768\] +768 +by default$/,
      /^pool3 +MaxPool +\[64, 6, 6\] +2304 +suggested$/,
      /^(relu|fc)\d +\w+ +\[/,
    ],
    [/^\d+ more tensors can be read as features; list them with --all$/],
  ],
  [
    'models verify tiny-alexnet',
    [
      /^tiny-alexnet: \S*tiny-alexnet\.onnx, \d+\.\d MB$/,
      /^sha256 [0-9a-f]{64}: the published file$/,
      /^output +dims +norm +digest$/,
      /^fc8 +627 +\d+\.\d{4} +[0-9a-f]+$/,
      /^fc\d +768 +/,
    ],
    [],
  ],
  [
    'patches list',
    [/^name +class +pixels +object +file$/, /^dog +dog +222×199 +\d+ % +\S+dog\.png$/, /^\w+ +\S+ +\d+×\d+ +\d+ %/],
    [],
  ],
  ['patches images PICTURES --out PATCHES', [/^2 objects: .*manifest\.json$/], [/^patches: 2 images$/]],
  [
    EXTRACTION,
    [
      /^\S*fc8\.npy: float32 \[7, 7, 627\]$/,
      /^the network’s answers, each with its share of positions: [a-z -]+ \d+(\.\d)? %/,
    ],
    [/^opening the network$/, /^tiny-alexnet.*: 49 images$/, /^49 images in .* s, \d+ images\/s$/],
  ],
  [
    'similarity FEATURES/fc8.npy',
    [
      /^anchor +row px +col px +mean +min$/,
      /^center +12 +12 +0\.\d{4} +-?\d\.\d{4}$/,
      /^(top|bottom)-[a-z]* +\d+ +\d+ /,
    ],
    [],
    EXTRACTION,
  ],
  [
    'separability FEATURES/fc8.npy',
    [/^task +fold 1 .* fold 5 +mean +std$/, /^left-right( +[01]\.\d{4}){7}$/, /^top-bottom +/],
    [/^[\d.]+ s on the processor$/],
    EXTRACTION,
  ],
  [
    'separability FEATURES/fc8.npy --cv ordered,shuffled --C 1e-3 --seed 2',
    [/^folds +task +fold 1 /, /^ordered +left-right( +[01]\.\d{4}){7}$/, /^shuffled +top-bottom +/, /^(ord|shuff)/],
    [/^[\d.]+ s on the processor$/],
    EXTRACTION,
  ],
  ['view FEATURES', [/^open .*features.index\.html$/], [/^features: 123\.0 kB$/], EXTRACTION],
  [
    `${STUDY} --stride 4 --dry-run --out STUDY`,
    [
      /^2 units, 0 of them finished; \d+ images left$/,
      /^\S+ kB of arrays on disk$/,
      /^\S+ kB of compressed features in the page$/,
      /^at most \S+ kB of features in memory$/,
      /^about .* to compute the images on this machine, not counting classifiers$/,
    ],
    [],
  ],
  [
    WHOLE_STUDY,
    [...ANSWERS, /^open .*study.index\.html$/],
    [
      /^opening (networks|tiny-alexnet)$/,
      /^2 of 2 units computed, \d+ images in .* s$/,
      /^(tiny-alexnet|report|similarity)\b.*: /,
    ],
  ],
  ['status STUDY', [/^2 of 2 units finished, 0 in progress, 0 left$/], [], WHOLE_STUDY],
  [
    'report STUDY --tables',
    [
      /^Mean cosine similarity to each anchor, objects of 200×200 px$/,
      /^network +layer +anchor +mean$/,
      /^tiny-alexnet +fc8 +center +[01]\.\d{3}/,
      /^tiny-alexnet +fc8 +[a-z]+-[a-z]+ +[01]\.\d{3}/,
      /^$/,
      ...ANSWERS,
      /^open .*index\.html$/,
    ],
    [/^report: 2 units$/],
    WHOLE_STUDY,
  ],
  [
    `${WHOLE_STUDY} --background #808080 --dry-run`,
    [
      /^2 units, 0 of them finished/,
      /^the results folder has 2 units made with other settings \(background white instead of #808080\), which this study would replace$/,
      /^(about|at most|\S+ kB) /,
    ],
    [],
    WHOLE_STUDY,
  ],
  [
    'arithmetic --expression A+B --image A=dog@0,0 --image B=car@100,100 --layer fc8 --out SUM',
    [
      /^layer +PSNR +to +cosine +PSNR from +to +cosine +generator$/,
      /^ +(from|zero) /,
      /^fc8( +\d+\.\d +\d+\.\d +-?\d\.\d{3}){2} +\d+\.\d$/,
      /^expected scene: dog:75@0,0 car:75@100,100; PSNR in dB$/,
      /^results: .*sum.index\.html$/,
    ],
    [/^opening networks$/, /^computed in [\d.]+ s$/],
  ],
  [
    'submit slurm --tasks 7 --cpus 3 --gpus 1 --partition gpu --time 90 --print --models tiny-alexnet --out JOBS',
    [
      /^#!\/bin\/bash$/,
      /^#SBATCH --(array=1-7|cpus-per-task=3|gres=gpu:1|partition=gpu|time=90)$/,
      /^#SBATCH --mem=\d+M$/,
      /^#SBATCH --/,
      /^# /,
      /^exec \S+ \S+main\.js reproduce --out \S*jobs --models tiny-alexnet --no-report$/,
      /^exec \S+ \S+main\.js reproduce --out \S*jobs --models tiny-alexnet$/,
      /^$/,
    ],
    [],
  ],
  [
    'doctor',
    [
      /^Ready: networks run on cpu\b/,
      /^✓ (Node\.js: v|processor: .*, \d+ cores?, [\d.]+ GiB$|cache folder: )/,
      /^✓ native addon: instruction set /,
      /^✓ execution provider cpu: runs tiny-alexnet\b/,
      /^✓ weights of tiny-/,
      /^Optional:$/,
      /^– weights of alexnet: missing; run "shiftscope models pull alexnet"$/,
      /^[✓–] (CUDA kernels|execution provider \w+|weights of (?!vgg16)\S+):/,
      /^ {2}\S/,
      /^$/,
    ],
    [],
  ],
]

/** Runs a command whose words in capitals stand for files and folders of the test. */
function run(words: string) {
  return runHere(words.split(' ').map((word) => word.replace(/^[A-Z]{3,}/, (name) => folder(name.toLowerCase()))))
}

const rows = COMMANDS.map(([words, results, notes, before]) => ({ words, results, notes, before }))

it.each(rows)(
  'results are on stdout, progress and notes on stderr: $words',
  async ({ words, results, notes, before }) => {
    if (before !== undefined) expect((await run(before)).status).toBe(0)
    const { status, stdout, stderr } = await run(words)
    expect([status, stderr]).toEqual([0, stderr])
    for (const [text, expected] of [
      [stdout, results],
      [stderr, notes],
    ] as const) {
      const lines = text.replaceAll(folder(), '').split('\n').slice(0, -1)
      expect(lines.filter((line) => !expected.some((pattern) => pattern.test(line)))).toEqual([])
      expect(expected.filter((pattern) => !lines.some((line) => pattern.test(line)))).toEqual([])
    }
  },
)

it.each([
  'models list',
  'models inspect SWIN.onnx --all',
  'arithmetic --expression A+B --image A=dog@0,0 --image B=car@100,100 --out SUM',
  'doctor',
])('output is at most 80 columns wide where words can be broken: %s', async (words) => {
  copyFileSync(`${import.meta.dirname}/../golden/tokens/swin.onnx`, folder('swin.onnx'))
  const { status, stdout } = await run(words)
  expect(status).toBe(0)
  const lines = stdout.replaceAll(folder(), '').split('\n')
  expect(lines.length).toBeGreaterThan(5)
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80)
})
