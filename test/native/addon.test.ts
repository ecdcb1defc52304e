import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { instructionSet } from '../../src/native.js'

const addonPath = new URL('../../native/build/Release/shiftscope.node', import.meta.url).pathname

/** Evaluates an expression of `addon` in a fresh process with SHIFTSCOPE_ISA set. */
async function inProcess(level: string, expression: string): Promise<string> {
  const code = `const addon = require(${JSON.stringify(addonPath)})
Promise.resolve(${expression}).then((value) => console.log(value), (error) => console.log(error.message))`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code], {
    env: { ...process.env, SHIFTSCOPE_ISA: level },
  })
  return stdout.trim()
}

/** The instruction sets of this machine, lowest first, by the message for one that no machine has. */
const refusal = await inProcess('sse9', '(async () => addon.instructionSet())()')
const levels = /offers (.*);/.exec(refusal)?.[1]?.split(', ') ?? []

describe('addon', () => {
  it('uses the best instruction set unless told otherwise', () => {
    expect(levels[0]).toBe('baseline')
    expect(instructionSet()).toBe(process.env.SHIFTSCOPE_ISA || levels.at(-1))
  })

  it('obeys SHIFTSCOPE_ISA with the same bits on every level', async () => {
    const cosine = `(async () => {
      const features = Float32Array.from({ length: 7 * 43 }, (_, i) => Math.fround(Math.sin(i)))
      const out = new Float32Array(14)
      await addon.cosineSimilarity(features, 7, 43, features.subarray(43, 129), 2, 2, out)
      return addon.instructionSet() + ' ' + Buffer.from(out.buffer).toString('hex')
    })()`
    const results = await Promise.all(levels.map((level) => inProcess(level, cosine)))
    expect(results.map((result) => result.split(' ')[0])).toEqual(levels)
    expect(new Set(results.map((result) => result.split(' ')[1])).size).toBe(1)
  })

  it('takes an empty SHIFTSCOPE_ISA for none', async () => {
    expect(await inProcess('', 'addon.instructionSet()')).toBe(levels.at(-1))
  })

  it('names an instruction set that the machine lacks', () => {
    expect(refusal).toMatch(/^SHIFTSCOPE_ISA=sse9 cannot be used on this machine, which offers baseline/)
  })

  it('works in several worker threads at the same time, also when they end with work in flight', async () => {
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
    const sums = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const worker = new Worker(code, { eval: true })
        const exited = new Promise((resolve) => worker.once('exit', resolve))
        const sum = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
        await exited
        return sum
      }),
    )
    expect(sums).toEqual(Array(4).fill(3 * 4097))
  })
})
