import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { ChildFailure } from '../../src/childProcess/child.js'
import { confined } from '../../src/childProcess/confined.js'
import { InputError } from '../../src/errors.js'

const hostile = new URL('./processes/hostile.mjs', import.meta.url).href
const asks = fileURLToPath(new URL('./processes/asks.mjs', import.meta.url))

const generous = { seconds: 30, bytes: Number.POSITIVE_INFINITY }
const ask = confined<string, unknown>(hostile)

async function failureOf(question: string, limits = generous): Promise<unknown> {
  const error = await ask(question, limits).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ChildFailure)
  return error
}

/** A process that has ended and that nobody has asked for yet still has its number; where there is no /proc, nothing is seen. */
function isRunning(pid: unknown): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('a confined process', () => {
  it('answers, and the next question too', async () => {
    const [first, second] = await Promise.all([ask('pid', generous), ask('pid', generous)])
    expect(first).not.toBe(process.pid)
    expect(second).toBe(first)
    expect(await ask('array', generous)).toEqual({ data: new Uint8Array([1, 2, 3]) })
  })

  it('leaves no answer in memory', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const answer = new WeakRef((await ask('array', generous)) as object)
    const isThere = () => {
      collect()
      return answer.deref() !== undefined
    }
    await expect.poll(isThere, { timeout: 5000 }).toBe(false)
  })

  it('passes errors on by their kind', async () => {
    await expect(ask('refuse', generous)).rejects.toThrow(new InputError('x.onnx is damaged; make it again'))
    await expect(ask('fail', generous)).rejects.toThrow(new Error('out of order'))
  })

  it('is ended once its time is over, and another one answers what was asked meanwhile', async () => {
    const pid = await ask('pid', generous)
    const failure = failureOf('spin', { ...generous, seconds: 0.5 })
    const next = ask('pid', generous)
    expect(await failure).toMatchObject({ failing: 'late', message: 'it takes longer than 0.5 s' })
    expect(isRunning(pid)).toBe(false)
    expect(await next).not.toBe(pid)
  })

  it('is ended once it has taken its memory', async () => {
    const failure = await failureOf('fill', { ...generous, bytes: 200 * 2 ** 20 })
    expect(failure).toMatchObject({ failing: 'killed', message: 'it takes more than 200 MiB of memory' })
  })

  it('may crash', async () => {
    const failure = await failureOf('abort')
    expect(failure).toMatchObject({
      failing: 'crashed',
      message: expect.stringContaining('its process crashed (SIGABRT)'),
    })
    expect(await ask('pid', generous)).toEqual(expect.any(Number))
  })

  it('is ended by a signal, whatever holds it', async () => {
    const pid = await ask('pid', generous)
    const stop = new AbortController()
    const answer = ask('spin', generous, stop.signal)
    const reason = new Error('enough')
    setTimeout(() => stop.abort(reason), 100)
    await expect(answer).rejects.toBe(reason)
    expect(isRunning(pid)).toBe(false)
    await expect(ask('pid', generous, stop.signal)).rejects.toBe(reason)
  })

  it('keeps no program from ending', async () => {
    const program = spawn(process.execPath, [asks], { stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = await new Promise((resolve) => program.stdout.once('data', (data) => resolve(Number(data))))
    expect(await new Promise((resolve) => program.once('close', resolve))).toBe(0)
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false)
  })

  it('ends with a program that was killed, whatever holds it', async () => {
    const program = spawn(process.execPath, [asks, 'spin'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = await new Promise((resolve) => program.stdout.once('data', (data) => resolve(Number(data))))
    program.kill('SIGKILL')
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false)
  })
})
