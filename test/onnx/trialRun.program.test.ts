import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { inspectModel } from '../../src/networks/models/inspection.js'
import { networkNotes } from '../../src/networks/open/notes.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { writeModel } from '../../src/onnx/format/onnxModel.js'
import { trialInput, trialRun } from '../../src/onnx/trial/trialRun.js'
import { crashingModel } from '../support/crashingModel.js'
import { type Hostile, hostileModel } from '../support/hostileFile.js'
import { imagenetInput } from '../support/imagenetInput.js'
import { leftOut } from '../support/leftOut.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'

const folder = networkFolder()
const asked = { input: trialInput({ ...imagenetInput, name: 'image', rows: 8, cols: 8 }, 2), names: ['out'] }

async function hostile(kind: Hostile) {
  const path = folder('hostile.onnx')
  const shape = ['N', 3, 8, 8]
  await writeModel(path, hostileModel(kind, { name: 'image', shape }, { name: 'out', shape }))
  return { path, name: 'hostile.onnx', bytes: 0 }
}

describe('the trial of a network that asks for more than there is', () => {
  const short = { seconds: 1, bytes: Number.POSITIVE_INFINITY }

  it.each([
    ['slow to run', short, 'it takes longer than 1 s'],
    ['slow to open', short, 'it takes longer than 1 s'],
    ['large', { seconds: 60, bytes: 400 * 2 ** 20 }, 'it takes more than 400 MiB of memory'],
  ] as const)('is ended, and the network refused: %s', async (kind, limits, reason) => {
    expect(await messageOf(trialRun(await hostile(kind), asked, undefined, limits))).toBe(
      `hostile.onnx does not run on input of shape [2, 3, 8, 8] (${reason}); use a smaller network, or smaller images`,
    )
  })

  it('is ended by a signal', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const { path } = await hostile('slow to run')
    setTimeout(() => stop.abort(reason), 500)
    await expect(chooseNetwork({ model: path, signal: stop.signal })).rejects.toBe(reason)
  })
})

describe('a network that crashes ONNX Runtime', () => {
  it.skipIf(leftOut(process.arch !== 'x64', 'they need x64'))(
    'is run at the next lower level of optimisation that works',
    async () => {
      const model = folder('crashing.onnx')
      await writeModel(model, crashingModel)
      const network = await chooseNetwork({ model, layers: ['features'] })
      expect(network.optimization).toBe('extended')
      expect(networkNotes(network)).toContain(
        'crashing: ONNX Runtime crashes when it optimises this network fully, so Shiftscope uses the optimisation level "extended", which may be slower',
      )
      expect(await chooseNetwork({ model, layers: ['features'] })).toEqual(network)
      expect((await inspectModel(model)).tensors.map(({ name }) => name)).toContain('features')
    },
  )

  it('is refused where it does so at the lowest level as well', async () => {
    const program = join(import.meta.dirname, 'processes/abortedTrial.mjs')
    const plain = join(import.meta.dirname, '../golden/onnx/plain.onnx')
    const { stdout } = await promisify(execFile)(process.execPath, [program, plain])
    expect(JSON.parse(stdout)).toEqual({
      message: expect.stringMatching(
        /^plain.onnx does not run on input of shape \[2, 3, 8, 8\] \(its process crashed \(SIGABRT\).*\); export it again$/,
      ),
      exitStatus: 3,
    })
  })
})
