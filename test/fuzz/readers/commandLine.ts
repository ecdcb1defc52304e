import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { programWith } from '../../../src/cli/program.js'
import { InterruptedError } from '../../../src/errors.js'
import { type Printed, runHere } from '../../support/inProcess.js'
import { type Files, messageFaults, type Reader } from '../reader.js'
import { parsed } from './goldens.js'
import { objectsOfCoco } from './pictures.js'
import { weights } from './weights.js'

/** Work that would go on longer is stopped, as by Ctrl-C. */
const MILLISECONDS = 1500
const STATUSES = [0, 1, 2, 3, 4, 130]

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')

function check(words: readonly string[], { status, stdout, stderr }: Printed): void {
  const lines = linesOf(stderr)
  const errors = lines.filter((line) => line.startsWith('shiftscope: '))
  const isHelp = /^Usage: /m.test(stdout + stderr)
  assert(STATUSES.includes(status), `ends with ${status}`)
  assert(stderr === '' || stderr.endsWith('\n'), 'an unfinished line on stderr')
  assert(!/ \(unexpected; --verbose/.test(stderr), `an unexpected error: ${stderr}`)
  assert(status === 0 || isHelp || errors.length > 0, 'nothing says what is wrong')
  // A stack has lines of its own, and help is laid out.
  if (isHelp || words.includes('--verbose')) return
  assert.deepEqual(lines.flatMap(messageFaults), [])
  // Several files are pulled, or patches made, where one of them fails.
  const isOne = !['pull', 'coco', 'images'].some((word) => words.includes(word))
  assert(!isOne || errors.length < 2, stderr)
  if (status === 0 && !words.includes('--json') && !words.includes('--print'))
    assert.deepEqual(linesOf(stdout).flatMap(messageFaults), [])
}

/** What commands read: one file of each kind, intact. */
const given = Object.fromEntries(
  [...weights, ...objectsOfCoco].flatMap(({ goldens }) => (Array.isArray(goldens) ? Object.entries(goldens[0]) : [])),
)

async function readCommand(folder: string, { 'words.json': text }: Files): Promise<void> {
  for (const [name, content] of Object.entries(given)) writeFileSync(join(folder, name), content as Uint8Array)
  const words = Object.values(parsed(text)).map(harmless)
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new InterruptedError()), MILLISECONDS)
  try {
    check(words, await runHere(words, controller.signal))
  } finally {
    clearTimeout(timer)
  }
}

/** A process's words hold no NUL; and none leads out of the folder in which the command runs, or to other machines. */
function harmless(given: unknown): string {
  const word = String(given).replaceAll('\0', '')
  return /^\/(?!dev\/null|proc)|=\/|\.\.|up\/|link|0\.0\.0\.0/.test(word) ? `x${word.length}` : word
}

const extract = 'extract --model tiny-alexnet --patch dog --size 224 --stride 75 --workers 1 --threads 1 --out out'
const commands = [
  `${extract} --layers fc6 --background #aabbcc --blend soft --json`,
  'extract --model case.onnx --patch dog --size 8 --pool mean --input-mean 0.5,0.5,0.5 --input-std 1,1,1 --out out',
  'similarity fc6.npy --out maps.npy --png maps.png --limits 0.8,1 --threads 1 --json',
  'separability case.npy --C 1 --cv ordered,shuffled --seed 1 --threads 1 --device cpu',
  'view . --out page --limits 0.88,1 --json',
  'explore results --port 0 --host localhost --models tiny-alexnet --no-open --workers 1',
  'arithmetic --model tiny-alexnet --image A=dog:75@0,149 --image B=white --expression A+B --origin zero --out sum --json',
  'report . --limits 0.88,1 --tables --json',
  'status . --json',
  'submit slurm --tasks 4 --time 60 --cpus 2 --print --models tiny-alexnet --patches dog --sizes 75 --stride 8',
  'models list --json',
  'models inspect case.onnx --json',
  'models pull alexnet --mirror .',
  'models import alexnet case.pth',
  'models verify tiny-alexnet --weights case.safetensors',
  'patches list manifest.json --json',
  'patches coco --annotations case.json --images . --classes dog --per-class 2 --sizes 75 --out coco',
  'patches images . --sizes 75,125 --aspect pad --category dog --out objects',
  'reproduce --dry-run --models tiny-alexnet --sizes 75 --stride 16 --patches dog,car --layers fc6 --cv blocks --json',
  'doctor --no-such',
  'bench unit --no-such',
].map((line) => line.split(' '))

function flagsOf(command: Command): readonly string[] {
  return [...command.options.map(({ long }) => long ?? ''), ...command.commands.flatMap(flagsOf)]
}

const values = [
  ...['tiny-alexnet', 'vgg16', 'resnet50', 'deepsim-fc6', 'hf:owner/name', 'no-such', 'dog', 'dog,car', 'noise:1'],
  ...['white', '#xyz', 'cuda:0', 'webgpu', 'auto', 'cpu', 'fc6,fc7', '1,0.9', '1,2,3,4', 'NaN,1', ',', '1:00:00'],
  ...[
    '--help',
    '--version',
    '--verbose',
    '--',
    '-',
    '-h',
    '--json',
    '--no-such',
    '.',
    './out',
    'out/deeper',
    'no/such',
  ],
  ...['/dev/null', '/proc/self/status', 'case.pth', 'case.npy', 'case.json', 'A=', '65536', '224', '225', '1.5'],
]

/** Words of commands in order and out of it, with files that the commands read. */
export const commandLine: Reader = {
  name: 'command-line',
  goldens: commands.map((words) => ({ 'words.json': JSON.stringify(words) })),
  words: [...values, ...new Set(flagsOf(programWith({ signal: new AbortController().signal })))],
  isExpensive: true,
  opensAnything: true,
  read: readCommand,
}
