import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readNpy } from '../../src/files/npy.js'
import { writeModel } from '../../src/onnx/format/onnxModel.js'
import { shiftscope, start, until } from '../support/commandLine.js'
import { hostileModel } from '../support/hostileFile.js'
import { leftOut } from '../support/leftOut.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const BIN = fileURLToPath(new URL('../../bin/shiftscope.js', import.meta.url))

/** The built command line in a shell, with what redirects its output. `before` is what the shell runs first. */
function shell(command: string, before = ':'): { readonly status: number | null; readonly stderr: string } {
  const line = `set -o pipefail; ${before}; "${process.execPath}" "${MAIN}" ${command}`
  return spawnSync('bash', ['-c', line], { encoding: 'utf8' })
}

const onPosix = it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))

describe('the program', () => {
  onPosix('is one that npx can run', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(spawnSync(BIN, ['--version'], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: `${version}\n` })
  })

  it('ends with the status of its error, which it prints on stderr', async () => {
    const { status, stdout, stderr } = await shiftscope('similarity', 'none.npy')
    expect([status, stdout, stderr]).toEqual([
      3,
      '',
      'shiftscope: cannot read none.npy: no such file; check the path\n',
    ])
  })

  const onFullDisk = it.skipIf(leftOut(!existsSync('/dev/full'), 'they need /dev/full'))
  onFullDisk('says in one line that its output cannot be written', () => {
    const { status, stderr } = shell('models list --json > /dev/full')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^shiftscope: cannot write standard output: the disk is full; free some space .*\n$/)
  })

  onPosix.each([
    'extract --model tiny-alexnet --patch dog --size 75 --stride 50 --out out',
    'extract --model tiny-alexnet --patch dog --size 75 --stride 50 --out "$OUT"',
    'reproduce --models tiny-alexnet --patches dog --sizes 75 --stride 50 --out "$OUT"',
    'explore --no-open',
  ])('says first that its current folder was removed: %s', (command) => {
    mkdirSync(folder('removed'))
    const gone = `export OUT="${folder('out')}"; cd "${folder('removed')}"; rmdir "${folder('removed')}"`
    const { status, stderr } = shell(command, gone)
    expect(stderr).toBe(
      'shiftscope: the current folder no longer exists; go to a folder that exists, and run the same command again\n',
    )
    expect(status).toBe(2)
    expect(readdirSync(folder())).toEqual([])
  })

  onPosix.each(['--help', 'models list', 'models list --json'])(
    'ends as by SIGPIPE, without an error, when nobody reads on: %s',
    (command) => {
      // The reader ends before the program starts.
      const { status, stderr } = shell(`${command} >&3`, 'exec 3> >(true); wait $!')
      expect(status).toBe(141)
      expect(stderr).not.toContain('shiftscope: ')
    },
  )

  onPosix.each([
    ['nobody reads any more', '2>&1 >/dev/null | head -c 1 >/dev/null'],
    ['is full', '2>/dev/full'],
    ['is closed', '2>&-'],
  ])('ends a study with its report and its own status where its stderr %s', (_, where) => {
    const study = `reproduce --models tiny-alexnet --patches dog --layers fc8 --sizes 200 --stride 24`
    expect(shell(`${study} --experiments similarity --out ${folder('out')} ${where}`).status).toBe(0)
    expect(existsSync(folder('out', 'index.html'))).toBe(true)
    expect(shell(`similarity none.npy ${where}`).status).toBe(3)
  })

  it('leaves the telemetry of ONNX Runtime switched off', async () => {
    mkdirSync(folder('home'))
    const home = Object.fromEntries(['TMPDIR', 'XDG_CACHE_HOME', 'HOME'].map((name) => [name, folder('home')]))
    const env = { ...home, SHIFTSCOPE_CACHE: folder('cache'), ORT_DISABLE_TELEMETRY: '' }
    expect(await start(['models', 'verify', 'tiny-alexnet'], env).ended).toMatchObject({ status: 0 })
    // Else it keeps what it is going to send in `Microsoft`, and a log in `mat-debug-<process>.log`.
    expect(readdirSync(folder('home'))).toEqual([])
  })
})

describe('a command that is told to end', () => {
  onPosix('keeps the rows of an extraction, and computes a damaged one again where it goes on', async () => {
    const words = ['extract', '--model', 'tiny-alexnet', '--patch', 'dog', '--size', '75', '--stride', '10']
    const what = [...words, '--layers', 'fc8', '--batch', '1', '--workers', '1']
    const args = [...what, '--reuse', 'off', '--out']
    const out = folder('resumed')
    const { child, ended } = start([...args, out])
    // There once the rows of the first 64 batches are saved.
    await until(async () => existsSync(folder('resumed', 'partial.json')))
    child.kill('SIGINT')
    const first = await ended
    expect([first.status, first.stderr.split('\n').at(-2)]).toEqual([
      130,
      'shiftscope: stopped, and finished work is saved; run the same command again to continue',
    ])
    const rows = readFileSync(folder('resumed', 'fc8.npy.partial'))
    rows[rows.length - 1] = (rows.at(-1) as number) ^ 1
    writeFileSync(folder('resumed', 'fc8.npy.partial'), rows)
    const second = await shiftscope(...args, out)
    expect(second.status, second.stderr).toBe(0)
    expect(second.stderr).toContain(
      `${out} has damaged features of 1 image; Shiftscope computes these features again\n`,
    )
    expect(second.stderr).toMatch(/resuming: [1-9]\d* of 229 images are finished/)
    await shiftscope(...what, '--out', folder('whole'))
    const [found, whole] = await Promise.all(['resumed', 'whole'].map((name) => readNpy(folder(name, 'fc8.npy'))))
    // Values that are reused differ by rounding.
    expect(found?.data.findIndex((value, i) => !(Math.abs(value - (whole?.data[i] as number)) < 1e-4))).toBe(-1)
    expect(found?.shape).toEqual(whole?.shape)
  })

  onPosix('leaves nothing of the trial of a network that never ends', async () => {
    const shape = ['N', 3, 8, 8]
    const endless = hostileModel('slow to run', { name: 'image', shape }, { name: 'out', shape })
    await writeModel(folder('endless.onnx'), endless)
    mkdirSync(folder('temporary'))
    const env = { SHIFTSCOPE_CACHE: folder('cache'), TMPDIR: folder('temporary') }
    const { child, ended } = start(['models', 'inspect', folder('endless.onnx')], env)
    const files = () => readdir(folder('temporary'), { recursive: true })
    await until(async () => (await files()).some((name) => name.endsWith('onnx')))
    child.kill('SIGTERM')
    const { status, stderr } = await ended
    expect([status, stderr.split('\n').at(-2)]).toEqual([143, 'shiftscope: stopped without a result'])
    expect(readdirSync(folder('temporary'))).toEqual([])
  })
})
