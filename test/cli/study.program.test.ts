import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { readNpy } from '../../src/files/npy.js'
import type { SummaryRow } from '../../src/results/measures/rows.js'
import { contents, finishedUnits, start, until } from '../support/commandLine.js'
import { cosine } from '../support/features.js'
import { runHere } from '../support/inProcess.js'
import { sharedFolder } from '../support/temporaryFolder.js'

const folder = sharedFolder()

/** Four units of 7×7 positions, of which each keeps its features. */
const STUDY = ['reproduce', '--models', 'tiny-alexnet', '--layers', 'fc8', '--patches', 'dog,car,bird,zebra']
const WHAT = ['--sizes', '75', '--stride', '24', '--keep-features', '--json', '--out']
const UNITS = 4
const ONE = ['--workers', '1', '--threads', '1']

/** What a study prints in the end, and how often it says what. */
async function study(out: string, ...more: readonly string[]) {
  const { status, stdout, stderr } = await runHere([...STUDY, ...WHAT, folder(out), ...more])
  expect(status, stderr).toBe(0)
  return { ...JSON.parse(stdout), stderr }
}
const filesOf = (out: string) => contents(folder(out), ['run.json'])
const unit = (out: string, patch: string, file: string) => folder(out, 'units', 'tiny-alexnet', '75', patch, file)

describe('reproduce', () => {
  beforeAll(async () => {
    expect(await study('whole')).toMatchObject({ units: UNITS, computed: UNITS })
  })

  it('keeps the features of extract, with which its maps agree', async () => {
    const words = ['--model', 'tiny-alexnet', '--layers', 'fc8', '--patch', 'dog', '--size', '75', '--stride', '24']
    expect((await runHere(['extract', ...words, '--out', folder('alone')])).status).toBe(0)
    const { shape, data } = await readNpy(unit('whole', 'dog', 'features-fc8.npy'))
    const alone = await readNpy(folder('alone', 'fc8.npy'))
    expect([shape, data.length]).toEqual([[7, 7, 627], 7 * 7 * 627])
    expect(Buffer.from(data.buffer).equals(Buffer.from(alone.data.buffer))).toBe(true)
    const rows = Array.from({ length: 49 }, (_, i) => data.subarray(i * 627, (i + 1) * 627))
    const corner = rows[0] as Float32Array
    const maps = await readNpy(unit('whole', 'dog', 'similarity.npy'))
    for (const [i, row] of rows.entries()) expect(maps.data[i]).toBeCloseTo(cosine(row, corner), 5)
  })

  it('computes again only what is damaged or missing, and all of another background', async () => {
    expect((await study('whole')).computed).toBe(0)
    const { settings } = JSON.parse(readFileSync(folder('whole', 'run.json'), 'utf8'))
    expect(settings['tiny-alexnet']).toMatchObject({ device: 'cpu', classifiers: { device: 'cpu', adapter: null } })
    const before = await filesOf('whole')
    const maps = readFileSync(unit('whole', 'dog', 'similarity.npy'))
    maps[maps.length - 1] = (maps.at(-1) as number) ^ 1
    writeFileSync(unit('whole', 'dog', 'similarity.npy'), maps)
    writeFileSync(unit('whole', 'bird', 'unit.json'), '{"inputs":')
    rmSync(unit('whole', 'car', 'features-fc8.npy'))
    expect((await study('whole')).computed).toBe(3)
    expect(await filesOf('whole')).toEqual(before)
    const grey = ['--background', '#808080']
    const differences = ['background white instead of #808080']
    expect(await study('whole', ...grey, '--dry-run')).toMatchObject({ finished: 0, replaced: UNITS, differences })
    const one = ['--patches', 'dog', '--experiments', 'similarity']
    expect((await study('other', ...one)).stderr).not.toContain('replacing')
    const { computed, stderr: replaced } = await study('other', ...one, ...grey)
    expect(computed).toBe(1)
    expect(replaced).toContain(
      `replacing 1 unit made with other settings (${differences}) in ${folder('other')}; choose another`,
    )
  })

  it('measures equivariance of layers that are maps; a unit without it is computed again, one with it will do', async () => {
    const words = STUDY.map((word) => (word === 'fc8' ? 'relu1' : word))
    const run = async (experiment: string) => {
      const more = [folder('map'), '--patches', 'dog', '--experiments', experiment]
      const { status, stdout, stderr } = await runHere([...words, ...WHAT, ...more])
      expect(status, stderr).toBe(0)
      return { computed: JSON.parse(stdout).computed, stderr }
    }
    expect((await run('similarity')).computed).toBe(1)
    expect(await run('equivariance')).toEqual({ computed: 1, stderr: expect.stringContaining('(no equivariance)') })
    const rows: readonly SummaryRow[] = JSON.parse(readFileSync(folder('map', 'summary.json'), 'utf8'))
    const errors = rows.filter(({ metric }) => metric === 'equivariance-error')
    // Two cells of the first convolution, whose stride is 4.
    const steps = [1, 2, 3, 4, 5, 6, 7, 8]
    const parts = steps.flatMap((dx) => ['total', 'border', 'aliasing'].map((part) => `${dx}px ${part}`))
    expect(errors.map(({ variant }) => variant)).toEqual(parts)
    for (const { variant, mean } of errors) expect(mean > 0.1, variant).toBe(/[^48]px (total|aliasing)/.test(variant))
    expect((await run('similarity')).computed).toBe(0)
  })

  it('killed in the middle and run again with other settings, ends with the same bytes', async () => {
    const { child, ended } = start([...STUDY, ...WHAT, folder('killed'), ...ONE, '--batch', '2'])
    await until(async () => (await finishedUnits(folder('killed'))) >= 1)
    child.kill('SIGKILL')
    expect((await ended).signal).toBe('SIGKILL')
    const kept = await finishedUnits(folder('killed'))
    const others = ['--workers', '3', '--threads', '1', '--batch', '5']
    expect(await study('killed', ...others)).toMatchObject({ units: UNITS, computed: UNITS - kept })
    expect(await filesOf('killed')).toEqual(await filesOf('whole'))
  })

  it('told to end, keeps what was finished, and says so', async () => {
    const { child, ended } = start([...STUDY, ...WHAT, folder('stopped'), ...ONE])
    await until(async () => (await finishedUnits(folder('stopped'))) >= 1)
    child.kill('SIGTERM')
    const { status, stderr } = await ended
    expect([status, stderr.split('\n').at(-2)]).toEqual([
      143,
      'shiftscope: stopped, and finished work is saved; run the same command again to continue',
    ])
    expect(await finishedUnits(folder('stopped'))).toBeGreaterThanOrEqual(1)
    expect(existsSync(folder('stopped', 'index.html'))).toBe(false)
  })
})

const ONNX = new URL('../golden/onnx/', import.meta.url).pathname

describe('an ONNX file', () => {
  it('is studied under the name of its file, at the layers that are named for it or at its ends', async () => {
    const models = ['--models', `${ONNX}plain.onnx,${ONNX}channels-last.onnx`]
    const words = ['reproduce', ...models, '--sizes', '5', '--stride', '1', '--experiments', 'similarity']
    const run = async (...more: string[]) => {
      const ended = await runHere([...words, '--out', folder('onnx'), ...more])
      expect(ended.status, ended.stderr).toBe(0)
      const { networks } = JSON.parse(readFileSync(folder('onnx', 'run.json'), 'utf8'))
      return { stderr: ended.stderr, layers: networks.map(({ layers }: { layers: string[] }) => layers) }
    }
    const ends = await run()
    expect(ends.layers).toEqual(Array(2).fill(['flat', 'features']))
    expect(ends.stderr).toContain("plain: no preprocessing was found, so ImageNet's is used")
    const rows: readonly SummaryRow[] = JSON.parse(readFileSync(folder('onnx', 'summary.json'), 'utf8'))
    const of = (id: string) => rows.filter(({ model, metric }) => model === id && metric === 'similarity-mean')
    expect(of('plain')).toHaveLength(10)
    for (const [i, { mean }] of of('channels-last').entries())
      expect(mean).toBeCloseTo(of('plain')[i]?.mean as number, 5)

    const clip = await run('--layers', 'plain=conv,features', '--pool', 'max', '--input', 'clip')
    expect(clip.layers.flat()).toEqual(['conv', 'features', 'flat', 'features'])
    expect(clip.stderr).toContain('20 of 20 units computed')
    expect(clip.stderr).toMatch(/with other settings \(.*pool none instead of max.*\)/)
    expect(clip.stderr).not.toContain('no preprocessing was found')
  })
})
