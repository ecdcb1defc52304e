import { beforeAll, describe, it, vi } from 'vitest'
import { openThreads } from '../../src/engine/open/handle.js'
import { pictureSpec } from '../../src/engine/scene/scene.js'
import { openNetwork } from '../../src/features/openNetwork.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { writeModel } from '../../src/onnx/format/onnxModel.js'
import { noise } from '../../src/patches/background.js'
import { expectClose, onnxGolden } from '../support/onnxGoldens.js'
import { randomOf } from '../support/random.js'
import { node } from '../support/smallNetwork.js'
import { sharedFolder } from '../support/temporaryFolder.js'

const folder = sharedFolder()
const SIDE = 8
const PATCH = 3
const rgba = randomOf(1, 'patch', 0).bytes(PATCH * PATCH * 4)
const options = { inputMean: [0.13], inputStd: [0.31] }

/** Networks whose features are the pixels of a grey picture. */
const networks = { 'channels first': () => onnxGolden('grey'), 'channels last': () => folder('last.onnx') }

beforeAll(async () => {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
  await writeModel(folder('last.onnx'), {
    name: 'last',
    inputs: [{ name: 'image', shape: ['N', SIDE, SIDE, 1] }],
    outputs: [{ name: 'features', shape: ['N', SIDE * SIDE] }],
    initializers: [],
    nodes: [node('Flatten', ['image'], 'features')],
  })
  return () => vi.unstubAllEnvs()
})

/** The picture as a user prepares it: the object is pasted in colour, then every pixel becomes its luminance. */
function pixelsAt(row: number, col: number, background: Uint8Array, patch: Uint8Array = rgba): number[] {
  const frame = background.slice()
  for (let y = 0; y < PATCH; y++) {
    for (let x = 0; x < PATCH; x++) {
      const from = (y * PATCH + x) * 4
      if ((patch[from + 3] as number) < 128) continue
      frame.set(patch.subarray(from, from + 3), ((row + y) * SIDE + col + x) * 3)
    }
  }
  return Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [red, green, blue] = frame.subarray(3 * i) as unknown as readonly [number, number, number]
    const luminance = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
    return (luminance / 255 - 0.13) / 0.31
  })
}

describe.each(Object.entries(networks))('a network of grey pictures, %s', (_, path) => {
  it('gets the luminance of the finished picture', async () => {
    const network = await openNetwork(path(), { ...options, workers: 1, threads: 1, batch: 4 })
    try {
      const patch = { data: rgba, width: PATCH, height: PATCH }
      const { layers } = await network.extract({ patch, size: PATCH, stride: 1, background: 'noise:7' })
      const side = SIDE - PATCH + 1
      const found = layers[0]?.data as Float32Array
      for (const [row, col] of [
        [0, 0],
        [2, 4],
        [5, 5],
      ] as const) {
        const at = (row * side + col) * SIDE * SIDE
        const expected = pixelsAt(row, col, noise(7, SIDE, SIDE))
        expectClose([...found.subarray(at, at + SIDE * SIDE)], expected)
      }
    } finally {
      await network.close()
    }
  })

  it('gets that of photographs', async () => {
    const handle = openThreads(await chooseNetwork({ model: path(), ...options }), { workers: 1, threads: 1, batch: 1 })
    try {
      const { layers } = await handle.encode([pictureSpec(noise(7, SIDE, SIDE))])
      const hidden = new Uint8Array(rgba.length)
      expectClose([...(layers[0]?.matrix ?? [])], pixelsAt(0, 0, noise(7, SIDE, SIDE), hidden))
    } finally {
      await handle.close()
    }
  })
})
