import { existsSync, readFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { InterruptedError } from '../../src/errors.js'
import { readNpy } from '../../src/files/npy.js'
import { sha256OfFile } from '../../src/files/sha256.js'
import type { SummaryRow } from '../../src/results/measures/rows.js'
import { contents } from '../support/commandLine.js'
import { runHere } from '../support/inProcess.js'
import { sharedFolder } from '../support/temporaryFolder.js'

const folder = sharedFolder()

describe('arithmetic', () => {
  beforeAll(async () => {
    for (const [name, background] of Object.entries({ a: '#ff0000', b: '#00ff00' })) {
      const create = { width: 224, height: 224, channels: 3, background } as const
      await sharp({ create })
        .png()
        .toFile(folder(`${name}.png`))
    }
  })

  it('takes pictures and writes what it promises', async () => {
    const out = folder('files')
    const images = ['--image', `A=${folder('a.png')}`, '--image', `B=${folder('b.png')}`]
    const { status, stderr, stdout } = await runHere([
      ...['arithmetic', '--generator', 'tiny-deepsim-fc6', '--layer', 'fc6', '--expression', 'A + B'],
      ...[...images, '--out', out],
    ])
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('expected scene: computed from pixels; PSNR in dB\n')
    const pictures = ['expectation.png', 'operand-A.png', 'operand-B.png']
    const ofLayer = [...pictures, 'operands.npy', 'result-from-blank.png', 'result.npy', 'result.png']
    const files = [...pictures, ...ofLayer.map((name) => `fc6-${name}`), 'arithmetic.json', 'index.html']
    expect(Object.keys(await contents(out)).sort()).toEqual(files.sort())
    const { shape, data } = await readNpy(folder('files', 'fc6-operands.npy'))
    const result = await readNpy(folder('files', 'fc6-result.npy'))
    expect([shape, result.shape]).toEqual([[2, 768], [768]])
    for (let i = 0; i < 768; i++)
      expect(result.data[i]).toBe(Math.fround((data[i] as number) + (data[768 + i] as number)))
    expect(stdout).toContain(`results: ${folder('files', 'index.html')}\n`)
    const html = readFileSync(folder('files', 'index.html'), 'utf8')
    for (const part of [
      'A + B with the features of tiny-alexnet',
      'src="./operand-A.png"',
      'src="./fc6-result.png"',
      'expected: taken on pixels',
    ])
      expect(html).toContain(part)
    const numbers = /^fc6 +(.*)$/m.exec(stdout)?.[1]?.trim().split(/ +/) ?? []
    expect(html).toContain(`<th scope="row">fc6</th>${numbers.map((number) => `<td>${number}</td>`).join('')}`)
    // Red and green on white, added on pixels: 255 + (red − 255) + (green − 255).
    const pixels = await sharp(folder('files', 'expectation.png')).raw().toBuffer()
    expect([...pixels.subarray(0, 3)]).toEqual([0, 0, 0])
  })

  it('takes scenes and several layers, and prints one document, which is sealed', async () => {
    const { status, stderr, stdout } = await runHere([
      ...['arithmetic', '--generator', 'tiny-deepsim-fc6,tiny-deepsim-fc7', '--expression', 'A - B'],
      ...['--image', 'A=orange@10,10 orange@139,10', '--image', 'B=orange@10,10 + car@0,149'],
      ...['--out', folder('scenes'), '--json'],
    ])
    expect(status, stderr).toBe(0)
    const document = JSON.parse(stdout)
    const { sha256: seal, ...stored } = JSON.parse(readFileSync(folder('scenes', 'arithmetic.json'), 'utf8'))
    expect([seal, document]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), stored])
    const note = 'car at row 0, col 149 is subtracted more often than added'
    expect(stderr).toContain(note)
    expect(document).toMatchObject({
      ...{ model: 'tiny-alexnet', frame: 224, expression: 'A - B', origin: 'zero' },
      notes: [expect.stringContaining(note)],
    })
    expect(document.layers.map(({ layer }: { layer: string }) => layer)).toEqual(['fc6', 'fc7'])
    for (const { origins, reconstruction } of document.layers) {
      for (const value of [reconstruction, origins.zero.psnr, origins.blank.psnr]) expect(value).toBeGreaterThan(0)
      // The blank frame's part cancels in a difference, and must be put back.
      expect(origins.blank.cosine).toBeGreaterThan(origins.zero.cosine)
    }
    for (const [file, digest] of Object.entries(document.files))
      expect(await sha256OfFile(folder('scenes', file))).toBe(digest)
  })

  it('ends where it is stopped, without a document', async () => {
    const signal = AbortSignal.abort(new InterruptedError())
    const words = ['arithmetic', '--expression', 'A', '--image', 'A=dog@0,0', '--layer', 'fc8', '--out', folder('end')]
    expect((await runHere(words, signal)).status).toBe(130)
    expect(existsSync(folder('end', 'arithmetic.json'))).toBe(false)
  })
})

it('reproduce measures arithmetic beside units, by features where a network has no generators', async () => {
  const out = folder('study')
  const what = ['reproduce', '--models', 'tiny-alexnet-aa', '--patches', 'dog,car,bird', '--sizes', '125']
  const how = ['--stride', '99', '--expressions', '1', '--experiments', 'similarity,arithmetic']
  const study = [...what, ...how, '--out', out]
  expect((await runHere([...study, '--dry-run'])).stdout).toContain('26 more images for arithmetic\n')
  const { status, stdout, stderr } = await runHere([...study, '--json'])
  expect(status, stderr).toBe(0)
  const { units, images, report } = JSON.parse(stdout)
  expect([units, images]).toEqual([3, 3 * 5 + (7 + 6 + 6 + 7)])
  const rows: readonly SummaryRow[] = report.rows
  const all = rows.filter(({ metric, variant }) => metric === 'arithmetic-exact' && variant.endsWith(' all'))
  expect(all.map(({ layer, variant }) => `${layer} ${variant}`)).toEqual(
    ['fc6', 'fc7', 'fc8'].flatMap((layer) => ['zero', 'blank'].map((judged) => `${layer} ${judged} features all`)),
  )
  expect(rows.filter(({ metric }) => metric === 'similarity-mean')).toHaveLength(15)
  const { arithmetic } = JSON.parse(readFileSync(folder('study', 'run.json'), 'utf8'))
  expect(arithmetic).toMatchObject([
    {
      ...{ model: 'tiny-alexnet-aa', generators: [], background: 'white', expressionsPerKind: 1, seed: 0 },
      patches: ['bird', 'car', 'dog'].map((name) => ({ name })),
    },
  ])
  expect(readFileSync(folder('study', 'index.html'), 'utf8')).toContain('id="arithmetic"')
  const again = await runHere(study)
  expect([again.status, again.stderr]).toEqual([0, expect.stringMatching(/^0 of 3 units computed, 0 images in /m)])
  expect(again.stdout).toContain('results of feature arithmetic are on the page and in tables/\n')
})
