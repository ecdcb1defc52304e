import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { instructionSet } from '../../src/native.js'

const addonPath = fileURLToPath(new URL('../../native/build/Release/shiftscope.node', import.meta.url))

/** Evaluates an expression of `addon` in a fresh process with SHIFTSCOPE_ISA set. */
async function inProcess(level: string, expression: string): Promise<string> {
  const code = `const addon = require(${JSON.stringify(addonPath)})
    Promise.resolve(${expression}).then((value) => console.log(value), (error) => console.log(error.message))`
  const env = { ...process.env, SHIFTSCOPE_ISA: level }
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code], { env })
  return stdout.trim()
}

it('the best instruction set is used unless SHIFTSCOPE_ISA names another, and the bits are the same', async () => {
  const refusal = await inProcess('sse9', '(async () => addon.instructionSet())()')
  expect(refusal).toMatch(/^SHIFTSCOPE_ISA=sse9 cannot be used on this machine, which offers baseline/)
  // Lowest first.
  const levels = /offers (.*);/.exec(refusal)?.[1]?.split(', ') ?? []
  expect(instructionSet()).toBe(process.env.SHIFTSCOPE_ISA || levels.at(-1))
  const cosine = `(async () => {
    const features = Float32Array.from({ length: 7 * 43 }, (_, i) => Math.fround(Math.sin(i)))
    const out = new Float32Array(14)
    await addon.cosineSimilarity(features, 7, 43, features.subarray(43, 129), 2, 2, out)
    return addon.instructionSet() + ' ' + Buffer.from(out.buffer).toString('hex')
  })()`
  const results = await Promise.all(['', ...levels].map((level) => inProcess(level, cosine)))
  expect(results.map((result) => result.split(' ')[0])).toEqual([levels.at(-1), ...levels])
  expect(new Set(results.map((result) => result.split(' ')[1])).size).toBe(1)
})

it('several threads use the addon at the same time, and may end with work in flight', async () => {
  const code = `const addon = require(${JSON.stringify(addonPath)})
    const { parentPort } = require('node:worker_threads')
    const compositor = new addon.Compositor({ patchRows: 1, patchCols: 1, frameRows: 64, frameCols: 64,
      patch: Uint8Array.of(2, 2, 2, 255), background: { rgb: [1, 1, 1] }, blend: 'hard',
      normalisation: { divisor: 1, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'rgb' } })
    const out = new Float32Array(3 * 4096)
    compositor.composite(Int32Array.of(5, 6), out).then(() => {
      parentPort.postMessage(out.reduce((a, b) => a + b))
      const many = new Float32Array(512 * 3 * 4096)
      for (let i = 0; i < 8; i++) compositor.composite(new Int32Array(1024), many)
      process.exit()
    })`
  const sumOf = async () => {
    const worker = new Worker(code, { eval: true })
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    const sum = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    await exited
    return sum
  }
  expect(await Promise.all([sumOf(), sumOf(), sumOf(), sumOf()])).toEqual(Array(4).fill(3 * 4097))
})
