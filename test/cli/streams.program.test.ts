import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shiftscope, start } from '../support/commandLine.js'

const folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
const inFolder = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeAll(async () => {
  mkdirSync(inFolder('pictures'))
  copyFileSync(
    fileURLToPath(new URL('../../models/patches/dog.png', import.meta.url)),
    join(inFolder('pictures'), 'dog.png'),
  )
})

/** The words of a command, every line of its stdout, and of its stderr. Each goes on from what those before it wrote. */
const COMMANDS: readonly (readonly [string, readonly RegExp[], readonly RegExp[]])[] = [
  [
    'models list',
    [/^id +is +weights +size +licence$/, /^[\w.-]+ .* (embedded|missing|present|export needed) /],
    [/^missing weights: shiftscope models pull/, /^export needed: /],
  ],
  [
    'models inspect tiny-alexnet',
    [/^input /, /^ {2}224×224 pixels, /, /^output /, /^classes of fc8: \d+, /, /^tensor +operator/, /^\S+ +\w+ +\[/],
    [/^\d+ more can be read: --all lists them$/],
  ],
  ['models verify tiny-alexnet', [/^tiny-alexnet: /, /^sha256 [0-9a-f]{64}: /, /^output +dims/, /^fc\d +\d+ /], []],
  ['patches list --sheet SHEET.png', [/^name +class/, /^\w+ +\S+ +\d+×\d+ +\d+ %/], [/^shown in .*sheet\.png$/]],
  ['patches images PICTURES --out PATCHES', [/^1 patch: .*manifest\.json$/], [/^patches: 1 image$/]],
  [
    'extract --model tiny-alexnet --patch dog --size 200 --stride 4 --layers fc8 --out FEATURES',
    [/^\S*fc8\.npy: float32 \[7, 7, \d+\]$/, /^strongest class: /],
    [/^tiny-alexnet.*: \d+ images$/, /^49 images in /],
  ],
  ['similarity FEATURES/fc8.npy', [/^anchor +row/, /^(top|bottom|center)[\w-]* +\d+ +\d+ /], []],
  [
    'separability FEATURES/fc8.npy',
    [/^task +fold 1/, /^(left-right|top-bottom) +[\d.]+ /],
    [/^[\d.]+ s on the processor$/],
  ],
  ['view FEATURES', [/^open .*index\.html$/], [/./]],
  [
    'reproduce --models tiny-alexnet --sizes 200 --stride 4 --dry-run --out STUDY',
    [
      /^10 units, /,
      /^\S.* of arrays on disk$/,
      /^\S.* of sketches of features in the page$/,
      /^at most .* in memory$/,
      /^about /,
    ],
    [],
  ],
  [
    'reproduce --models tiny-alexnet --sizes 200 --stride 24 --experiments similarity --out STUDY',
    [/^claim +tiny-alexnet$/, /^\w[\w ]+ +[✓✗?]$/, /^✓ supported, /, /^open .*study.index\.html$/],
    [/^opening tiny-alexnet$/, /^10 of 10 units computed, /, /^(tiny-alexnet|report|similarity)\b.*: /],
  ],
  ['status STUDY', [/^10 of 10 units finished, 0 in progress, 0 left$/], []],
  [
    'report STUDY --tables',
    [
      /^Mean cosine similarity to each anchor, objects of 200×200 px$/,
      /^network +layer +anchor +mean$/,
      /^tiny-alexnet +fc\d +[a-z-]+ +[01]\.\d{3}/,
      /^$/,
      /^claim +tiny-alexnet$/,
      /^\w[\w ]+ +[✓✗?]$/,
      /^✓ supported, /,
      /^open .*index\.html$/,
    ],
    [/^report: 10 units$/],
  ],
  [
    'arithmetic --expression A+B --image A=dog@0,0 --image B=car@100,100 --layer fc6 --out SUM',
    [/^layer +PSNR/, /^fc6 /, /^expected: /, /^see .*fc6-sheet\.png$/],
    [/^computed in /],
  ],
]

describe('results are on stdout, progress and notes on stderr:', () => {
  it.each(COMMANDS)('%s', async (words, results, notes) => {
    const places = words.split(' ').map((word) => word.replace(/^[A-Z]{3,}/, (name) => inFolder(name.toLowerCase())))
    const { status, stdout, stderr } = await shiftscope(...places)
    expect(status, stderr).toBe(0)
    for (const [text, expected] of [
      [stdout, results],
      [stderr, notes],
    ] as const) {
      const lines = text.replaceAll(folder, '').split('\n').slice(0, -1)
      expect(lines.filter((line) => !expected.some((pattern) => pattern.test(line)))).toEqual([])
      expect(expected.filter((pattern) => !lines.some((line) => pattern.test(line)))).toEqual([])
    }
  })
})

it.each([
  ['reproduce --stride 32 --out FEATURES', 'opening networks'],
  ['extract --model tiny-alexnet --patch dog --size 200 --out FEATURES', 'opening the network'],
])('%s names its phase before it loads what it needs', async (words, phase) => {
  const { child, ended } = start(words.replace('FEATURES', inFolder('features')).split(' '))
  const [first] = await once(child.stderr as Readable, 'data')
  child.kill('SIGINT')
  await ended
  expect(String(first)).toBe(`${phase}\n`)
})
