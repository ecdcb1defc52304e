import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { randomCases } from '../support/randomCases.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { readers } from './readers.js'
import { tryReader } from './trial.js'

const inFolder = temporaryFolder()

it.each(readers.filter(({ isExpensive }) => isExpensive))(
  '$name reads its goldens and withstands damage',
  async (reader) => {
    await tryReader(reader, inFolder(), { seed: 1, runs: randomCases(3) })
  },
)

it('an input that never ends is told, and ends the process', async () => {
  const watch = fileURLToPath(new URL('./hangWatch.mjs', import.meta.url))
  const code = `
    const shared = new SharedArrayBuffer(64)
    const workerData = { shared, mostProcessorSeconds: 0.5, mostSeconds: 300, mostBytes: 2 ** 30 }
    new (require('node:worker_threads').Worker)(${JSON.stringify(watch)}, { workerData }).once('online', () => {
      Buffer.from(shared, 4).write('--seed 1 --path 7')
      new Int32Array(shared)[0] = 1
      for (;;);
    })`
  const [signal, stderr] = await new Promise<[string, string]>((done) =>
    execFile(process.execPath, ['-e', code], (error, _, text) => done([String(error?.signal), text])),
  )
  expect([signal, stderr]).toEqual(['SIGKILL', 'FINDING takes too long: --seed 1 --path 7\n'])
})
