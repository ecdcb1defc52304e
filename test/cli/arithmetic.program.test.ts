import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readNpy } from '../../src/files/npy.js'
import { sha256OfFile } from '../../src/files/sha256.js'
import type { SummaryRow } from '../../src/results/rows.js'
import { contents, shiftscope, start, until } from '../support/commandLine.js'
import { fixedGenerator } from '../support/fixedGenerator.js'

let folder: string
let fc6: string
let fc7: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shiftscope-test-'))
  fc6 = await fixedGenerator(join(folder, 'of-fc6.onnx'), 768)
  fc7 = await fixedGenerator(join(folder, 'of-fc7.onnx'), 768, { layer: 'fc7' })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** A picture of one colour. */
async function picture(name: string, width: number, height: number, colour: string): Promise<string> {
  const path = join(folder, name)
  await sharp({ create: { width, height, channels: 3, background: colour } })
    .png()
    .toFile(path)
  return path
}

describe('arithmetic', () => {
  it('takes the contract’s call and writes what it promises', async () => {
    const out = join(folder, 'files')
    const a = await picture('a.png', 224, 224, '#ff0000')
    const b = await picture('b.png', 224, 224, '#00ff00')
    const { status, stderr, stdout } = await shiftscope(
      ...['arithmetic', '--generator', fc6, '--layer', 'fc6', '--expression', 'A + B'],
      ...['--image', `A=${a}`, '--image', `B=${b}`, '--out', out],
    )
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('expected: taken on pixels; PSNR in dB\n')
    expect(Object.keys(await contents(out)).sort()).toEqual([
      'arithmetic.json',
      'expectation.png',
      ...['expectation.png', 'operand-A.png', 'operand-B.png', 'operands.npy'].map((end) => `fc6-${end}`),
      ...['result-from-blank.png', 'result.npy', 'result.png', 'sheet.png'].map((end) => `fc6-${end}`),
      'operand-A.png',
      'operand-B.png',
    ])
    const { shape, data } = await readNpy(join(out, 'fc6-operands.npy'))
    const result = await readNpy(join(out, 'fc6-result.npy'))
    expect([shape, result.shape]).toEqual([[2, 768], [768]])
    for (let i = 0; i < 768; i++)
      expect(result.data[i]).toBe(Math.fround((data[i] as number) + (data[768 + i] as number)))
    // Red and green on white, added on pixels: 255 + (red − 255) + (green − 255).
    const { data: pixels } = await sharp(join(out, 'expectation.png')).raw().toBuffer({ resolveWithObject: true })
    expect([...pixels.subarray(0, 3)]).toEqual([0, 0, 0])
  })

  it('takes scenes and several layers, and prints one document', async () => {
    const out = join(folder, 'scenes')
    const { status, stderr, stdout } = await shiftscope(
      ...['arithmetic', '--generator', `${fc6},${fc7}`, '--expression', 'A - B'],
      ...['--image', 'A=orange@10,10 orange@10,139 orange@139,10', '--image', 'B=orange@10,10 + orange@10,139'],
      ...['--out', out, '--json'],
    )
    expect(status, stderr).toBe(0)
    const document = JSON.parse(stdout)
    const { sha256: seal, ...stored } = JSON.parse(await readFile(join(out, 'arithmetic.json'), 'utf8'))
    expect(seal).toMatch(/^[0-9a-f]{64}$/)
    expect(document).toEqual(stored)
    expect(document).toMatchObject({
      model: 'tiny-alexnet',
      frame: 224,
      expression: 'A - B',
      origin: 'zero',
      expectation: { kind: 'objects', scene: 'orange:75@139,10' },
      notes: [],
    })
    expect(document.layers.map(({ layer }: { layer: string }) => layer)).toEqual(['fc6', 'fc7'])
    for (const { origins, reconstruction } of document.layers) {
      expect(reconstruction).toBeGreaterThan(0)
      for (const origin of ['zero', 'blank']) {
        expect(origins[origin].psnr).toBeGreaterThan(0)
        expect(Math.abs(origins[origin].cosine)).toBeLessThanOrEqual(1)
      }
      // The blank frame's part cancels in a difference, and must be put back.
      expect(origins.blank.cosine).toBeGreaterThan(origins.zero.cosine)
    }
    for (const [file, digest] of Object.entries(document.files))
      expect(await sha256OfFile(join(out, file))).toBe(digest)
  })

  it('writes the same bytes again', async () => {
    const run = async (name: string) => {
      const out = join(folder, name)
      const images = ['--image', 'first=dog@0,0', '--image', 'second=car:60@100,100']
      await shiftscope('arithmetic', '--generator', fc6, '--expression', 'first+second', ...images, '--out', out)
      return contents(out)
    }
    const [once, twice] = [await run('once'), await run('twice')]
    expect(Object.keys(once).length).toBe(12)
    expect(twice).toEqual(once)
  })

  it('tells what no picture can show', async () => {
    const { stderr } = await shiftscope(
      ...['arithmetic', '--generator', fc6, '--expression', 'A - B', '--image', 'A=dog@0,0', '--image', 'B=car@0,0'],
      ...['--out', join(folder, 'noted')],
    )
    expect(stderr).toContain('car at row 0, col 0 is taken away where it is not')
  })

  it('refuses bad input in one line, with exit status and nothing written', async () => {
    const small = await picture('small.png', 100, 80, '#ffffff')
    const frame = await picture('frame.png', 224, 224, '#ffffff')
    const text = join(folder, 'text.png')
    await writeFile(text, 'no picture')
    const foreign = await fixedGenerator(join(folder, 'foreign.onnx'), 4096, { encoder: 'alexnet' })
    const other = await fixedGenerator(join(folder, 'other.onnx'), 768, { encoder_sha256: 'ab'.repeat(32) })
    const scenes = ['--image', 'A=orange@0,0', '--image', 'B=dog@0,149']
    const sum = ['--expression', 'A + B']
    const cases: readonly [number, RegExp, string[]][] = [
      [2, /expression "A \+ \* B": "\*" stands at column 5, where a name/, ['--expression', 'A + * B', ...scenes]],
      [2, /expression "A \+ \(B": it ends at column 7, where .* "\)"/, ['--expression', 'A + (B', ...scenes]],
      [2, /no image is called C: there are A, B/, ['--expression', 'A + C', ...scenes]],
      [2, /image C is not in the expression/, [...sum, ...scenes, '--image', 'C=dog@0,0']],
      [2, /no image is called A: none is given/, sum],
      [2, /--image.*A is given twice/, [...sum, ...scenes, '--image', 'A=dog@1,1']],
      [2, /--image.*Give NAME=FILE or NAME=SCENE/, [...sum, '--image', 'A']],
      [
        2,
        /images A and a differ by case alone/,
        ['--expression', 'A + a', '--image', 'A=dog@0,0', '--image', 'a=dog@0,0'],
      ],
      [
        3,
        /image B \(.*small\.png\) has 100×80 pixels; all images must have the frame’s 224×224/,
        [...sum, '--image', `A=${frame}`, '--image', `B=${small}`],
      ],
      [
        3,
        /cannot read image B: there is no file .*none\.png; give a picture, or a scene/,
        [...sum, '--image', `A=${frame}`, '--image', `B=${join(folder, 'none.png')}`],
      ],
      [3, /not a picture/, [...sum, '--image', `A=${frame}`, '--image', `B=${text}`]],
      [3, /is not a file/, [...sum, '--image', `A=${frame}`, '--image', `B=${folder}`]],
      [2, /"dog@12" is no placed object; write patch@row,col/, [...sum, '--image', 'A=dog@0,0', '--image', 'B=dog@12']],
      [
        2,
        /orange of 75×75 at row 150, col 0 leaves the frame of 224×224; rows and columns go from 0 to 149/,
        [...sum, '--image', 'A=orange@150,0', '--image', 'B=dog@0,0'],
      ],
      [2, /at row 0, col -1 leaves the frame/, [...sum, '--image', 'A=orange@0,-1', '--image', 'B=dog@0,0']],
      [2, /dog of 225×225 .* choose a smaller size/, [...sum, '--image', 'A=orange@0,0', '--image', 'B=dog:225@0,0']],
      [
        2,
        /no patch is called "ornge"; the nearest are orange/,
        [...sum, '--image', 'A=ornge@0,0', '--image', 'B=dog@0,0'],
      ],
      [2, /makes images from fc6, not from fc7/, [...sum, ...scenes, '--layer', 'fc7']],
      [
        2,
        /tiny-alexnet has no tensor "fc9"; .*its outputs are "fc6", "fc7", "fc8"/,
        [...sum, ...scenes, '--layer', 'fc9'],
      ],
      [
        2,
        /makes images from features of tiny-alexnet, not of tiny-alexnet-aa/,
        [...sum, ...scenes, '--model', 'tiny-alexnet-aa'],
      ],
      [
        2,
        /features of alexnet, not of tiny-alexnet/,
        [...sum, ...scenes, '--model', 'tiny-alexnet', '--generator', foreign],
      ],
      [3, /was trained for other weights of tiny-alexnet/, [...sum, ...scenes, '--generator', other]],
      [2, /no generator is called "nonsense"/, [...sum, ...scenes, '--generator', 'nonsense']],
      [2, /both make images from fc6/, [...sum, ...scenes, '--generator', `${fc6},${fc6}`]],
      [
        2,
        /--weights names resnet50, which this command does not use/,
        [...sum, ...scenes, '--weights', 'resnet50=x.pth'],
      ],
      [2, /takes features before ReLU, not features after ReLU/, [...sum, ...scenes, '--post-relu']],
      [
        3,
        /cannot read .*no-patches: no such file or folder/,
        [...sum, ...scenes, '--patches', join(folder, 'no-patches')],
      ],
      [2, /is not a colour/, [...sum, ...scenes, '--background', 'blue']],
    ]
    for (const [expected, message, args] of cases) {
      const generator = args.includes('--generator') ? [] : ['--generator', fc6]
      const out = join(folder, 'bad')
      const { status, stderr, stdout } = await shiftscope('arithmetic', ...generator, ...args, '--out', out)
      expect(stderr).toMatch(message)
      expect(stderr.trim().split('\n'), stderr).toHaveLength(1)
      expect([status, stdout], stderr).toEqual([expected, ''])
      expect(existsSync(out), stderr).toBe(false)
    }
  }, 180_000)

  it('asks for the generators of a network that the catalog does not have', async () => {
    const args = ['--expression', 'A', '--image', 'A=dog@0,0', '--out', join(folder, 'unknown')]
    const { status, stderr } = await shiftscope('arithmetic', '--model', 'mine.onnx', ...args)
    expect(status, stderr).toBe(2)
    expect(stderr).toMatch(/no generators of mine\.onnx are known; name one that was made for it with --generator/)
  })

  it('stops on Ctrl-C with status 130', async () => {
    const images = Array.from({ length: 60 }, (_, i) => ['--image', `I${i}=dog@${i},${2 * i}`]).flat()
    const expression = Array.from({ length: 60 }, (_, i) => `I${i}`).join('+')
    const out = join(folder, 'stopped')
    const { child, ended } = start([
      'arithmetic',
      '--generator',
      fc6,
      '--expression',
      expression,
      ...images,
      '--out',
      out,
    ])
    await until(async () => existsSync(out))
    child.kill('SIGINT')
    const { status, stderr } = await ended
    expect(status, stderr).toBe(130)
    expect(existsSync(join(out, 'arithmetic.json'))).toBe(false)
  })
})

describe('reproduce with arithmetic', () => {
  const args = ['reproduce', '--experiments', 'arithmetic', '--models', 'tiny-alexnet-aa', '--expressions', '2']

  it('measures a network without generators by its features, and no units', async () => {
    const out = join(folder, 'study')
    const { status, stdout, stderr } = await shiftscope(...args, '--out', out, '--json')
    expect(status, stderr).toBe(0)
    const { units, images, report } = JSON.parse(stdout)
    expect([units, images]).toEqual([0, 2 * (7 + 6 + 6 + 7)])
    const rows: SummaryRow[] = report.rows
    const all = rows.filter(({ metric, variant }) => metric === 'arithmetic-exact' && variant.endsWith(' all'))
    expect(all.map(({ layer, variant }) => `${layer} ${variant}`)).toEqual(
      ['fc6', 'fc7', 'fc8'].flatMap((layer) => ['zero', 'blank'].map((judged) => `${layer} ${judged} features all`)),
    )
    expect(JSON.parse(await readFile(join(out, 'run.json'), 'utf8')).arithmetic).toMatchObject([
      { model: 'tiny-alexnet-aa', generators: [], expressionsPerKind: 2, seed: 0 },
    ])
    expect(Object.keys(await contents(out)).sort()).toEqual([
      'arithmetic/tiny-alexnet-aa/accuracy.json',
      'index.html',
      'run.json',
      'summary.json',
      ...['accuracy', 'exact'].flatMap((name) =>
        ['csv', 'md', 'tex'].map((end) => `tables/arithmetic-${name}-75.${end}`),
      ),
    ])
    const again = JSON.parse((await shiftscope(...args, '--out', out, '--json')).stdout)
    expect([again.images, again.report]).toEqual([0, report])
    expect((await shiftscope(...args, '--out', out)).stderr).toMatch(/^0 images in [\d.]+ s$/m)
    expect((await shiftscope('report', out)).status).toBe(0)
  })

  it('stands beside units', async () => {
    const out = join(folder, 'both')
    const { status, stderr } = await shiftscope(
      ...[...args, '--experiments', 'similarity,arithmetic', '--sizes', '125', '--stride', '99', '--out', out],
    )
    expect(status, stderr).toBe(0)
    const rows: SummaryRow[] = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8'))
    const metrics = new Set(rows.map(({ metric }) => metric))
    expect([metrics.has('similarity-mean'), metrics.has('arithmetic-exact')]).toEqual([true, true])
    expect(await readFile(join(out, 'index.html'), 'utf8')).toContain('id="arithmetic"')
  })

  it('says what it would do, and refuses what is none', async () => {
    const { stdout } = await shiftscope(...args, '--dry-run', '--out', join(folder, 'dry'))
    expect(stdout).toContain('52 images of arithmetic left')
    const { status, stderr: refusal } = await shiftscope('reproduce', '--experiments', 'arithmetics')
    expect([status, refusal]).toEqual([
      2,
      'shiftscope: experiment arithmetics is not known; use similarity, separability, arithmetic\n',
    ])
  })
})
