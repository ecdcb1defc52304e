import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readNpy, writeNpy } from '../../src/files/npy.js'
import { contents, shiftscope, start, until } from '../support/commandLine.js'
import { positionFeatures } from '../support/features.js'

const DOG = new URL('../../models/patches/dog.png', import.meta.url).pathname

/** The built command line in a shell, with what redirects its output. */
function shell(command: string): { readonly status: number | null; readonly stderr: string } {
  const main = new URL('../../dist/cli/main.js', import.meta.url).pathname
  return spawnSync('sh', ['-c', `"${process.execPath}" "${main}" ${command}`], { encoding: 'utf8' })
}

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shiftscope-test-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('command line', () => {
  it('helps, and names its version', async () => {
    const help = await shiftscope('--help')
    expect(help.status).toBe(0)
    for (const command of ['reproduce', 'extract', 'similarity', 'view', 'report', 'models', 'bench', 'doctor']) {
      expect(help.stdout).toContain(command)
    }
    const version = await shiftscope('--version')
    expect(version.stdout.trim()).toBe(
      JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')).version,
    )
  })

  it.skipIf(process.platform === 'win32')('is a program that npx can run', async () => {
    const bin = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')).bin.shiftscope
    expect((await stat(new URL(`../../${bin}`, import.meta.url))).mode & 0o111).toBe(0o111)
  })

  it.each([[[]], [['dance']], [['--dance']], [['extract']], [['extract', '--sise', '3']], [['models']]])(
    'ends with 2 on wrong usage: %j',
    async (args) => {
      const { status, stdout } = await shiftscope(...args)
      expect(status).toBe(2)
      expect(stdout).toBe('')
    },
  )

  it('names a misspelt option rather than the one that it leaves out; help shows what is required', async () => {
    const misspelt = await shiftscope('extract', '--modle', 'tiny-alexnet')
    expect(misspelt.stderr).toBe("shiftscope: unknown option '--modle' (Did you mean --model?)\n")
    const missing = await shiftscope('extract', '--model', 'tiny-alexnet', '--patch', DOG, '--size', '75')
    expect([missing.status, missing.stderr]).toEqual([
      2,
      "shiftscope: required option '--out <folder>' not specified\n",
    ])
    const help = await shiftscope('extract', '--help')
    expect(help.stdout).toContain('extract --model <id> --patch <image> --size <n> --out <folder> [options]')
  })

  it('prints no control characters of a name in an error', async () => {
    const { status, stderr } = await shiftscope('report', join(folder, 'no\u001b]0;title\u0007ne'))
    expect(status).toBe(3)
    expect(stderr).toMatch(/^shiftscope: .*no\?\]0;title\?ne.*\n$/)
  })

  it.each([
    ['an option', ['--da\n\u001b]0;title\u0007nce'], "unknown option '--da??]0;title?nce'"],
    ['a command', ['da\nnce'], "unknown command 'da?nce'"],
    ['a choice', ['reproduce', '--preset', 'qu\nick', '--out', 'a'], "argument 'qu?ick' is invalid."],
    ['a model', ['extract', '--model', 'no\nne', '--patch', 'dog', '--size', '75', '--out', 'out'], 'no?ne'],
  ])('prints no control characters of %s that is wrong, in one line', async (_, args, part) => {
    const { status, stderr } = await shiftscope(...args)
    expect(status).toBe(2)
    expect(stderr).toMatch(/^shiftscope: [^\p{Cc}]*\n$/u)
    expect(stderr).toContain(part)
  })

  it.each([
    [[`--${'x'.repeat(100_000)}`]],
    [['extract', '--model', 'x'.repeat(100_000), '--patch', 'dog', '--size', '75', '--out', 'out']],
  ])('names what is very long by its ends', async (args) => {
    const { status, stderr } = await shiftscope(...args)
    expect(status).toBe(2)
    expect(stderr.length).toBeLessThan(1000)
    expect(stderr).toMatch(/^shiftscope: [^\n]*x{90}…x{90}[^\n]*\n$/)
  })

  it.runIf(existsSync('/dev/full'))('says in one line that its output cannot be written', () => {
    const { status, stderr } = shell('models list --json > /dev/full')
    expect(status).toBe(1)
    expect(stderr).toBe(
      'shiftscope: cannot write standard output: the disk is full; free some space and run the same command again\n',
    )
  })

  it.skipIf(process.platform === 'win32')('ends without a word when nobody reads on', () => {
    for (const command of ['patches list --json', 'patches list', 'models inspect tiny-alexnet --all'])
      expect(shell(`${command} | true`).stderr).toBe('')
  })

  it.skipIf(process.platform === 'win32')(
    'ends at once on the second Ctrl-C, by the signal and not by an abort',
    async () => {
      const context = new URL('../../dist/cli/context.js', import.meta.url).href
      const waits = `(await import('${context}')).interruptible(); setInterval(() => undefined, 1000); console.log('ready')`
      const child = spawn(process.execPath, ['--input-type=module', '-e', waits])
      const ended = new Promise((resolve) => child.on('close', (status, signal) => resolve([status, signal])))
      child.stdout.once('data', () => child.kill('SIGINT'))
      child.stderr.once('data', () => child.kill('SIGINT'))
      expect(await ended).toEqual([null, 'SIGINT'])
    },
  )

  it('shows the stack of an error when asked', async () => {
    const { stderr } = await shiftscope('report', join(folder, 'none'), '--verbose')
    expect(stderr).toMatch(/InputError: no finished units[\s\S]*\n\s+at /)
  })
})

describe('extract and similarity', () => {
  it('write arrays of the contract and one JSON document', async () => {
    const out = join(folder, 'dog')
    const extract = await shiftscope(
      'extract',
      '--model',
      'tiny-alexnet',
      '--patch',
      DOG,
      '--size',
      '125',
      '--stride',
      '20',
      '--out',
      out,
      '--json',
    )
    expect(extract.status, extract.stderr).toBe(0)
    const document = JSON.parse(extract.stdout)
    expect(document).toMatchObject({ model: 'tiny-alexnet', rows: 5, cols: 5, images: 25 })
    for (const { name, dims, file } of document.layers) {
      expect(file).toBe(join(out, `${name}.npy`))
      expect((await readNpy(file)).shape).toEqual([5, 5, dims])
    }
    const results = ['--out', join(folder, 'maps.npy'), '--png', join(folder, 'maps.png'), '--limits', '0.5,1']
    const similarity = await shiftscope('similarity', join(out, 'fc6.npy'), ...results, '--json')
    expect(similarity.status, similarity.stderr).toBe(0)
    expect((await readFile(join(folder, 'maps.png'))).subarray(1, 4).toString()).toBe('PNG')
    const { rows, cols, anchors } = JSON.parse(similarity.stdout)
    expect([rows, cols]).toEqual([5, 5])
    expect(Object.keys(anchors)).toEqual(['top-left', 'top-right', 'center', 'bottom-left', 'bottom-right'])
    // The center of the stride-1 grid is pixel 49; of the pixels 0, 20, … 80, 40 is the nearest.
    expect(anchors.center).toMatchObject({ row: 2, col: 2, pixel: { row: 40, col: 40 } })
    const maps = await readNpy(join(folder, 'maps.npy'))
    expect(maps.shape).toEqual([5, 5, 5])
    expect(maps.data[0]).toBeCloseTo(1, 6)
  })

  it('take a whole frame as one position', async () => {
    const out = join(folder, 'frame')
    const { status, stderr } = await shiftscope(
      'extract',
      '--model',
      'tiny-alexnet',
      '--patch',
      DOG,
      '--size',
      '224',
      '--layers',
      'fc8',
      '--out',
      out,
    )
    expect(status, stderr).toBe(0)
    expect((await readNpy(join(out, 'fc8.npy'))).shape.slice(0, 2)).toEqual([1, 1])
    const { patchSha256 } = JSON.parse(await readFile(join(out, 'extract.json'), 'utf8'))
    const picture = join('pictures', `patch-${patchSha256}.png`)
    expect(Object.keys(await contents(out)).sort()).toEqual(['extract.json', 'fc8.npy', picture])
  })

  it('refuse bad input with one line and exit status', async () => {
    const text = join(folder, 'text.png')
    await writeFile(text, 'no picture')
    const cases: readonly [number, RegExp, string[]][] = [
      [3, /no such file/, ['--patch', join(folder, 'none.png')]],
      [3, /not a picture/, ['--patch', text]],
      [2, /does not fit into the frame/, ['--size', '225']],
      [
        2,
        /tiny-alexnet has no tensor "fc9"; the most similar .* "fc6", .*; its outputs are "fc6", "fc7", "fc8"/,
        ['--layers', 'fc9'],
      ],
    ]
    for (const [expected, message, args] of cases) {
      const base = [
        'extract',
        '--model',
        'tiny-alexnet',
        '--patch',
        DOG,
        '--size',
        '75',
        '--stride',
        '50',
        '--out',
        join(folder, 'bad'),
      ]
      const { status, stderr } = await shiftscope(...base, ...args)
      expect(status, stderr).toBe(expected)
      expect(stderr).toMatch(message)
    }
    const similarity = await shiftscope('similarity', text)
    expect(similarity.status).toBe(3)
  })

  it('stop on Ctrl-C and go on from there', async () => {
    const args = [
      'extract',
      '--model',
      'tiny-alexnet',
      '--patch',
      DOG,
      '--size',
      '75',
      '--stride',
      '2',
      '--layers',
      'fc6',
      '--batch',
      '8',
      '--workers',
      '1',
    ]
    const out = join(folder, 'resumed')
    const { child, ended } = start([...args, '--out', out])
    // There once the first 512 rows are saved, those of 64 batches.
    await until(async () => existsSync(join(out, 'partial.json')))
    child.kill('SIGINT')
    const first = await ended
    expect(first.status, first.stderr).toBe(130)
    const rows = await readFile(join(out, 'fc6.npy.partial'))
    rows[rows.length - 1] = (rows.at(-1) as number) ^ 1
    await writeFile(join(out, 'fc6.npy.partial'), rows)
    const second = await shiftscope(...args, '--out', out)
    expect(second.status, second.stderr).toBe(0)
    expect(second.stderr).toContain(`computing 1 damaged image in ${out} again\n`)
    expect(second.stderr).toMatch(/resuming: [1-9]\d* of 5625 images are finished/)
    const whole = join(folder, 'whole')
    await shiftscope(...args, '--out', whole)
    const { 'fc6.npy': resumed } = await contents(out)
    const { 'fc6.npy': expected } = await contents(whole)
    expect(resumed === expected).toBe(true)
  })
})

describe('separability', () => {
  it('trains on a feature file and prints the contract’s document', async () => {
    const out = join(folder, 'separable')
    await shiftscope(
      'extract',
      '--model',
      'tiny-alexnet',
      '--patch',
      DOG,
      '--size',
      '125',
      '--stride',
      '10',
      '--layers',
      'fc7',
      '--out',
      out,
    )
    const run = (...args: string[]) => shiftscope('separability', join(out, 'fc7.npy'), '--json', ...args)
    const ordered = await run()
    expect(ordered.status, ordered.stderr).toBe(0)
    const document = JSON.parse(ordered.stdout)
    expect(document).toMatchObject({ loss: 'hinge', C: 1, cv: 'ordered', seed: 0 })
    expect(document.coarse).toMatch(/^the grid is too coarse .* modulo 32 px alone is right for 100 %/)
    for (const task of ['left-right', 'top-bottom']) {
      expect(document[task].folds).toHaveLength(5)
      expect(document[task].mean).toBeGreaterThan(0.7)
    }
    const shuffled = JSON.parse((await run('--cv', 'shuffled', '--C', '0.5')).stdout)
    expect(shuffled['top-bottom'].mean).toBeGreaterThan(document['top-bottom'].mean)
    expect(shuffled).toMatchObject({ loss: 'hinge', C: 0.5, cv: 'shuffled' })
    expect((await run('--C', '0')).status).toBe(2)
    for (const unknown of ['dealt', 'ordered,dealt'])
      expect(await run('--cv', unknown)).toMatchObject({ status: 2, stderr: expect.stringContaining('dealt') })
  })

  it('tells several fold schemes apart, in the table as in the document', async () => {
    const file = join(folder, 'position.npy')
    await writeNpy(file, [20, 20, 2], positionFeatures(20, 20))
    const command = ['separability', file, '--cv', 'ordered, shuffled']
    const { status, stdout, stderr } = await shiftscope(...command)
    expect(status, stderr).toBe(0)
    expect(stdout.split('\n').map((line) => line.split(/ +/).slice(0, 3))).toEqual([
      ['folds', 'task', 'fold'],
      ['ordered', 'left-right', '1.0000'],
      ['ordered', 'top-bottom', '0.7500'],
      ['shuffled', 'left-right', '1.0000'],
      ['shuffled', 'top-bottom', '1.0000'],
      [''],
    ])
    const { schemes, ...record } = JSON.parse((await shiftscope(...command, '--json')).stdout)
    expect(record).toMatchObject({ loss: 'hinge', C: 1, seed: 0 })
    expect(schemes.ordered['top-bottom'].folds).toEqual([0.75, 1, 1, 1, 0.75])
    expect(schemes.shuffled['top-bottom'].mean).toBe(1)
  })

  it('refuses features that cannot be divided into folds', async () => {
    const out = join(folder, 'coarse')
    await shiftscope(
      'extract',
      '--model',
      'tiny-alexnet',
      '--patch',
      DOG,
      '--size',
      '125',
      '--stride',
      '50',
      '--layers',
      'fc8',
      '--out',
      out,
    )
    const { status, stderr } = await shiftscope('separability', join(out, 'fc8.npy'))
    expect(status).toBe(3)
    expect(stderr).toMatch(/fewer than the 5 folds; use a finer stride/)
  })
})

describe('--verbose', () => {
  it('goes with a command that hands its options on', async () => {
    const out = join(folder, 'verbose')
    const words = [
      'extract',
      '--model',
      'tiny-alexnet',
      '--patch',
      'dog',
      '--size',
      '75',
      '--stride',
      '75',
      '--out',
      out,
    ]
    const { status, stderr } = await shiftscope(...words, '--verbose')
    expect(status, stderr).toBe(0)
    expect(await shiftscope('similarity', join(out, 'fc6.npy'), '--verbose')).toMatchObject({ status: 0 })
  })
})

describe('models and doctor', () => {
  it('list what is embedded', async () => {
    const { status, stdout } = await shiftscope('models', 'list', '--json')
    expect(status).toBe(0)
    const networks = JSON.parse(stdout) as { id: string; state: string }[]
    expect(networks.find(({ id }) => id === 'tiny-alexnet')?.state).toBe('embedded')
  })

  it('verify an embedded network by a forward pass', async () => {
    const { status, stdout } = await shiftscope('models', 'verify', 'tiny-alexnet', '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout).layers.map(({ name }: { name: string }) => name)).toEqual(['fc6', 'fc7', 'fc8'])
  })

  it('say first whether the machine is ready, then what it has, and last what is optional', async () => {
    const { status, stdout } = await shiftscope('doctor')
    expect(status).toBe(0)
    const [needed = '', optional = ''] = stdout.split('\nOptional:\n')
    expect(needed).toMatch(/^Ready: networks run on cpu\b.*\n\n✓ /)
    expect(needed).toMatch(/^✓ native addon: instruction set /m)
    expect(needed).toMatch(/^✓ execution provider cpu: runs tiny-alexnet/m)
    expect(needed).not.toMatch(/^[✗–]/m)
    expect(optional).toMatch(/^[✓–] weights of alexnet: /m)
    expect(optional).not.toContain('vgg16')
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
  })
})
