import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openFeatureMemory } from '../src/engine/features/features.js'
import { InputError, ResourceError } from '../src/errors.js'
import { resourceError } from '../src/support/machine.js'
import { addressesLeft, checkWorkers, threadsWithinLimit } from '../src/support/threads.js'
import { leftOut } from './support/leftOut.js'
import { temporaryFolder } from './support/temporaryFolder.js'

const folder = temporaryFolder()
const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/** The built command line in a shell that allows it less. */
function limited(limit: string, args: string) {
  const { status, stderr } = spawnSync('sh', ['-c', `ulimit ${limit}; exec "${process.execPath}" "${MAIN}" ${args}`], {
    encoding: 'utf8',
  })
  return { status, stderr }
}

describe('a lack of memory or of open files', () => {
  it.each([
    [Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }), /too many files are open.*ulimit -n/],
    [new Error('Worker initialization failure: EMFILE'), /too many files are open/],
    [Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' }), /there is not enough memory \(EAGAIN\)/],
    [
      new RangeError('Array buffer allocation failed'),
      /there is not enough memory \(Array buffer allocation failed\);/,
    ],
    [new RangeError('there is no memory for a compositor'), /there is not enough memory/],
  ])('is a line with its remedy: %s', (error, line) => {
    expect(resourceError(error)).toBeInstanceOf(ResourceError)
    expect(resourceError(error, 'cannot read a.png')?.message).toMatch(/^cannot read a\.png: /)
    expect(resourceError(error)?.message).toMatch(line)
  })

  it('is no other error', () => {
    expect(resourceError(new TypeError('not a function'))).toBeUndefined()
    expect(resourceError(new InputError('a.npy holds more than fit: out of memory'))).toBeUndefined()
    expect(resourceError('Array buffer allocation failed')).toBeUndefined()
  })

  it('shows where the matrices of features are taken', async () => {
    const layers = [{ name: 'fc6', dims: 2 ** 40, isMap: false }]
    await expect(openFeatureMemory().fill(layers, 2 ** 10, async () => 0)).rejects.toThrow(ResourceError)
  })
})

describe('workers', () => {
  const GIBIBYTE = 2 ** 30

  it('are as many as the shell’s limit of addresses allows', () => {
    expect(() => checkWorkers(2, 3 * GIBIBYTE)).not.toThrow()
    expect(() => checkWorkers(3, 3 * GIBIBYTE)).toThrow(ResourceError)
    expect(() => checkWorkers(3, 3 * GIBIBYTE)).toThrow(
      '3 workers take 3.6 GiB of address space, but the limit of this shell leaves only 3.0 GiB; allow more (ulimit -v), or use fewer `workers`',
    )
    expect(() => checkWorkers(1, GIBIBYTE)).toThrow(/^a worker takes [^,]*, but [^,]*; allow more \(ulimit -v\)$/)
    expect(threadsWithinLimit(-1)).toBe(0)
    expect(addressesLeft(folder())).toBe(Number.POSITIVE_INFINITY)
  })
})

describe.skipIf(leftOut(process.platform !== 'linux', 'they need Linux'))('a command in a shell that allows', () => {
  const extract = () => `extract --model tiny-alexnet --patch dog --size 75 --stride 40 --out "${folder('out')}"`

  /** What the program takes of addresses before it does anything, in KiB: Node takes another amount in each version. */
  function addressesLoaded(): number {
    const script = `import { readFileSync } from 'node:fs'
      await import('${new URL('../dist/index.js', import.meta.url).href}')
      console.log(/VmPeak:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])`
    return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }))
  }

  it.each([
    [
      'no larger files',
      () => '-f 40',
      extract,
      /^shiftscope: cannot write [^\n]*out: the file grows [^\n]*\(ulimit -f\)/m,
    ],
    ['few open files', () => '-n 40', () => 'models list', /^shiftscope: cannot start \([^\n]*\(ulimit -n\)/],
    [
      'addresses for no worker',
      () => `-v ${addressesLoaded() + 600 * 1024}`,
      extract,
      /^shiftscope: a worker takes [^\n]*\(ulimit -v\)$/m,
    ],
  ])('%s says so in one line', (_, limit, args, line) => {
    const { status, stderr } = limited(limit(), args())
    expect(stderr).toMatch(line)
    expect(stderr).not.toMatch(/\n\s+at |unexpected/)
    expect(status).toBe(1)
  })
})
