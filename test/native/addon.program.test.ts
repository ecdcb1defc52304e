import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { instructionSet } from '../../src/native.js'

const addonPath = fileURLToPath(new URL('../../native/build/Release/shiftscope.node', import.meta.url))

/** Asks a fresh process with SHIFTSCOPE_ISA set for its instruction set, or for the error. */
async function inProcess(level: string): Promise<string> {
  const code = `const addon = require(${JSON.stringify(addonPath)})
    try { console.log(addon.instructionSet()) } catch (error) { console.log(error.message) }`
  const env = { ...process.env, SHIFTSCOPE_ISA: level }
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code], { env })
  return stdout.trim()
}

it('the best instruction set is used unless SHIFTSCOPE_ISA names another', async () => {
  const refusal = await inProcess('sse9')
  expect(refusal).toMatch(/^SHIFTSCOPE_ISA=sse9 cannot be used on this machine, which offers baseline/)
  // Lowest first.
  const levels = /offers (.*);/.exec(refusal)?.[1]?.split(', ') ?? []
  expect(instructionSet()).toBe(process.env.SHIFTSCOPE_ISA || levels.at(-1))
  expect(await Promise.all(['', ...levels].map(inProcess))).toEqual([levels.at(-1), ...levels])
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
