import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Command, Option } from 'commander'
import { programWith, runProgram } from '../../../src/cli/program.js'
import { InterruptedError } from '../../../src/errors.js'
import { oddInteger, oddText } from '../documents.js'
import type { Random } from '../random.js'
import { messageFaults, type OpenReader, placeFiles, type Reader } from '../reader.js'
import { annotations } from './annotations.js'
import { arrays } from './arrays.js'
import { checkpoints } from './checkpoints.js'
import { manifests } from './manifests.js'
import { onnxInterface } from './onnxInterface.js'
import { runs } from './runs.js'
import { drawSvg } from './svg.js'

/** Work that would go on longer is stopped, as by Ctrl-C. */
const MILLISECONDS = 1500

const statuses = [0, 1, 2, 3, 4, 130]

/** Lists of words drawn from the tables of commands and options, with damaged files and folders. */
export const commandLine: Reader = {
  name: 'command-line',
  isExpensive: true,
  opensAnything: true,
  mostGrowth: 1024,
  // A picture may take a minute to be decoded.
  mostSeconds: 70,
  open: async (folder) => {
    const files = await openFiles(join(folder, 'drawn'))
    const commands = leavesOf(programWith({ signal: new AbortController().signal }), [])
    const place = join(folder, 'work')
    const path = process.env.PATH
    // No other program is to be found, such as one that submits jobs.
    process.env.PATH = folder
    return {
      draw: (random) => {
        const file = random.pick(files).draw(random)
        const words = drawWords(random, commands, Object.keys(file.files))
        return { kind: words[0] ?? '', files: { ...file.files, 'words.json': JSON.stringify(words) } }
      },
      read: async (drawn) => {
        process.chdir(folder)
        rmSync(place, { recursive: true, force: true })
        mkdirSync(place)
        process.chdir(place)
        const { 'words.json': words = '[]', ...rest } = drawn.files
        placeFiles(place, { ...drawn, files: rest })
        return faultsOf(await ran(JSON.parse(String(words))))
      },
      close: async () => {
        process.chdir(folder)
        process.env.PATH = path
        for (const one of files) await one.close?.()
      },
    }
  },
}

interface Ran {
  readonly words: readonly string[]
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line in this process. */
async function ran(words: readonly string[]): Promise<Ran> {
  const before = { argv: process.argv, out: process.stdout.write, err: process.stderr.write }
  const text = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = ((piece: string | Uint8Array, ...rest: unknown[]) => {
      text[stream] += piece
      const done = rest.find((one) => typeof one === 'function') as (() => void) | undefined
      done?.()
      return true
    }) as typeof process.stdout.write
  }
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new InterruptedError()), MILLISECONDS)
  process.argv = [process.execPath, 'shiftscope', ...words]
  try {
    const status = await runProgram({ signal: controller.signal })
    return { words, status, ...text }
  } finally {
    clearTimeout(timer)
    process.argv = before.argv
    process.stdout.write = before.out
    process.stderr.write = before.err
  }
}

function faultsOf({ words, status, stdout, stderr }: Ran): string[] | undefined {
  const faults: string[] = []
  const lines = stderr.split('\n').slice(0, -1)
  const errors = lines.filter((line) => line.startsWith('shiftscope: '))
  const isVerbose = words.includes('--verbose')
  if (!statuses.includes(status)) faults.push(`ends with ${status}`)
  if (!stderr.endsWith('\n') && stderr !== '') faults.push('an unfinished line on stderr')
  if (/ \(unexpected; --verbose/.test(stderr)) faults.push('an unexpected error')
  if (!isVerbose && /^\s+at .*:\d+:\d+\)?$/m.test(stderr)) faults.push('a stack')
  if (status !== 0 && errors.length === 0 && !stderr.includes('Usage:')) faults.push('no line that says what is wrong')
  // Several files are pulled, or patches made, where one of them fails.
  const isOne = !['pull', 'coco', 'images'].some((word) => words.includes(word))
  if (isOne && errors.length > 1 && !isVerbose) faults.push(`${errors.length} lines that say what is wrong`)
  if (!stderr.includes('Usage:')) faults.push(...lines.filter((line) => line !== '').flatMap(messageFaults))
  // After an option it may be its value.
  const isJson = words.some((word, i) => word === '--json' && !words[i - 1]?.startsWith('-'))
  if (status === 0 && isJson && !isDocument(stdout)) faults.push('no document on stdout')
  const isText = !isJson && !words.includes('--print') && !/^Usage: /m.test(stdout)
  if (isText)
    faults.push(
      ...stdout
        .split('\n')
        .filter((line) => line !== '')
        .flatMap(messageFaults),
    )
  if (faults.length > 0) return [...faults, `of ${JSON.stringify(words)}: ${status}, ${stderr.slice(0, 1000)}`]
  return status === 0 ? [] : undefined
}

/** One document, one a line, or help. */
function isDocument(stdout: string): boolean {
  if (/^Usage: |^\d+\.\d+\.\d+\n$/m.test(stdout)) return true
  return [stdout, ...stdout.trimEnd().split('\n')].some((text) => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  })
}

/** A command without others below it, and the words that name it. */
interface Leaf {
  readonly way: readonly string[]
  readonly command: Command
}

function leavesOf(command: Command, way: readonly string[]): readonly Leaf[] {
  if (command.commands.length === 0) return [{ way, command }]
  return command.commands.flatMap((one) => leavesOf(one, [...way, one.name()]))
}

/** Readers whose files are given to commands. */
async function openFiles(folder: string): Promise<readonly OpenReader[]> {
  mkdirSync(folder)
  const opened: OpenReader[] = [
    { draw: (random) => ({ kind: 'svg', files: { 'case.svg': drawSvg(random) } }), read: async () => undefined },
    { draw: () => ({ kind: 'none', files: {} }), read: async () => undefined },
  ]
  for (const reader of [checkpoints, annotations, manifests, arrays, runs, onnxInterface]) {
    const own = join(folder, reader.name)
    mkdirSync(own)
    opened.push(await reader.open(own))
  }
  return opened
}

function drawWords(random: Random, leaves: readonly Leaf[], files: readonly string[]): string[] {
  const { way, command } = random.pick(leaves)
  const words = random.chance(0.95) ? [...way] : way.map((word) => nearWord(random, word))
  const given: string[][] = []
  for (const argument of command.registeredArguments) {
    if (argument.required ? random.chance(0.95) : random.chance(0.5))
      given.push([drawValue(random, argument.name(), files)])
  }
  for (const option of command.options) {
    // Added once more where the program makes it optional, to be missed later.
    const isRequired = isNeeded(command, option)
    if (random.chance(isRequired ? 0.93 : 3 / (3 + command.options.length)))
      given.push(drawOption(random, option, files))
  }
  if (command.name() === 'reproduce') given.push(['--dry-run'])
  // What measures the machine takes long where nothing is wrong.
  if (way[0] === 'doctor' || way[0] === 'bench') given.push(['--no-such'])
  if (random.chance(0.03)) given.push([random.pick(['--', '-', '--help', '-h', '--version', '--verbose', 'help', ''])])
  if (random.chance(0.05)) given.push([asWord(oddText(random))])
  if (random.chance(0.3)) given.sort(() => random.below(3) - 1)
  return [...words, ...given.flat()]
}

function isNeeded(command: Command, { flags }: Option): boolean {
  return command.usage().includes(flags)
}

function drawOption(random: Random, option: Option, files: readonly string[]): string[] {
  const name = option.long ?? option.short ?? '--x'
  const flag = random.chance(0.97) ? name : nearWord(random, name)
  if (!option.required && !option.optional) return [flag]
  if (random.chance(0.02)) return [flag]
  const value =
    option.argChoices !== undefined && random.chance(0.85)
      ? random.pick(option.argChoices)
      : drawValue(random, name.slice(2), files)
  return random.chance(0.9) ? [flag, value] : [`${flag}=${value}`]
}

/** The same word misspelt. */
function nearWord(random: Random, word: string): string {
  const at = random.below(word.length)
  const change = random.pick(['', word[at] ?? '', '-', 'x', '\u001b', 'É'])
  return asWord(word.slice(0, at) + change + word.slice(at + 1))
}

/** A process's words hold no NUL; and none leads out of the folder in which the command runs. */
function asWord(text: string): string {
  const word = text.replaceAll('\0', '')
  return word.startsWith('/') || word.includes('..') || word.includes('up/') ? `x${word.length}` : word
}

const networks = [
  'tiny-alexnet',
  'alexnet',
  'vgg16',
  'resnet50',
  'deepsim-fc6',
  'tiny-alexnet-fc6',
  'hf:owner/name',
  'no-such',
]
const whole = [
  '1',
  '2',
  '4',
  '0',
  '-1',
  '1.5',
  'NaN',
  'Infinity',
  '1e999',
  '0x10',
  '',
  ' ',
  '9007199254740993',
  '99999999999999999999',
]

/** Values in order and out of it, by the name of what they are for. */
function drawValue(random: Random, name: string, files: readonly string[]): string {
  if (random.chance(0.12)) return asWord(random.chance(0.7) ? oddText(random) : String(oddInteger(random)))
  const kind = kindOf(name)
  const list = () => Array.from({ length: 1 + random.below(3) }, () => one())
  const one = (): string => {
    switch (kind) {
      case 'network':
        return random.chance(0.5) ? random.pick(networks) : path()
      case 'count':
        return random.pick(whole)
      case 'pixels':
        return random.pick([...whole, '75', '125', '223', '224', '225', '4096', '65536'])
      case 'layer':
        return random.pick(['fc6', 'fc7', 'fc8', 'pool5', 'logits', 'no-such', ''])
      case 'picture':
        return random.chance(0.5)
          ? random.pick(['dog', 'car', 'dog,car', 'white', '#ffffff', '#xyz', 'noise:1', 'noise:x'])
          : path()
      case 'words':
        return random.pick([
          'cpu',
          'cuda:0',
          'webgpu',
          'auto',
          'A + B',
          '2 * A - (B)',
          'similarity',
          'ordered',
          'x',
          '60',
          '1:00:00',
        ])
      case 'numbers':
        return random.pick(['0.5,0.5,0.5', '1,1,0', '0.9,1', '1,0.9', 'NaN,1', '1,2,3,4', '1e999,0,0', ',', '0.5'])
      default:
        return path()
    }
  }
  const path = () => {
    if (files.length > 0 && random.chance(0.7)) return random.pick(files)
    return random.pick(['.', 'no-such', 'no/such', 'out', './out', '', ' ', 'a\nb', '-x', 'é', inputOnly(name, random)])
  }
  const key = () =>
    name === 'weights' || name === 'image' || name === 'layers'
      ? random.pick(['A=', 'B=', 'tiny-alexnet=', '=', ''])
      : ''
  return `${key()}${list().join(random.pick([',', ',', ', ', ' ']))}`.slice(0, 3000)
}

/** What is no file; not for what is written. */
function inputOnly(name: string, random: Random): string {
  if (name === 'out' || name === 'sheet' || name === 'folder') return 'out/deeper'
  return random.pick(['/dev/null', '/proc/self/status', '/nonexistent/x', '/'])
}

function kindOf(name: string): string {
  if (/^(models?|id|networks|generator|reference)$/.test(name)) return 'network'
  if (/^(tasks|cpus|gpus|workers|threads|batch|repeats|per-class|seed|C|expressions|problems)$/.test(name))
    return 'count'
  if (/^(sizes?|stride|input-size|input-range)$/.test(name)) return 'pixels'
  if (/^layers?$/.test(name)) return 'layer'
  if (/^(patch|patches|background|image|category|classes)$/.test(name)) return 'picture'
  if (/^(device|expression|experiments|cv|time|partition|mirror)$/.test(name)) return 'words'
  if (/^(limits|input-mean|input-std)$/.test(name)) return 'numbers'
  return 'path'
}
