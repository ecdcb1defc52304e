import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { openFeatureMemory } from '../../src/engine/deviceMemory.js'
import type { MatrixPlaces } from '../../src/engine/deviceMessages.js'
import { DeviceFailure, type DeviceProcess, startDeviceProcess } from '../../src/engine/deviceProcess.js'
import { sceneArrays } from '../../src/engine/sceneTensors.js'
import type { Scene } from '../../src/engine/task.js'
import { DeviceError } from '../../src/errors.js'
import { createSharedMemory, growSharedMemory, mapSharedMemory } from '../../src/native.js'
import { compositingGraph, type NetworkInput, resolveNetwork } from '../../src/networks/index.js'

const LAYERS = [
  { name: 'a', dims: 3 },
  { name: 'b', dims: 5 },
]

/** Room for a row of each of three layers. */
const PLACES: MatrixPlaces = { set: 0, bytes: 3 * 2 ** 16, starts: [0, 2 ** 16, 2 ** 17] }

describe('memory for features', () => {
  it('takes its two sets in turn, whatever their size', () => {
    const memory = openFeatureMemory()
    try {
      const [small, other] = [memory.matrices(LAYERS, 4), memory.matrices(LAYERS, 1000)]
      expect(small.values.map(({ length }) => length)).toEqual([12, 20])
      for (const [i, values] of [...small.values, ...other.values].entries()) values.fill(i + 1)
      const large = memory.matrices(LAYERS, 2000)
      for (const values of large.values) values.fill(9)
      expect(other.values.map((values) => new Set(values))).toEqual([new Set([3]), new Set([4])])
      const again = memory.matrices(LAYERS, 1000)
      expect(again.values.map((values) => values[0])).toEqual([3, 4])
    } finally {
      memory.close()
    }
  })

  it('is not shared where the system has no such memory', () => {
    const memory = openFeatureMemory([])
    const { values, places } = memory.matrices(LAYERS, 4)
    expect(values.map(({ length }) => length)).toEqual([12, 20])
    expect([memory.descriptors, places]).toEqual([[], undefined])
    memory.close()
  })

  it('says in a line when there is too little of it', () => {
    for (const memory of [openFeatureMemory(), openFeatureMemory([])]) {
      expect(() => memory.matrices(LAYERS, 2 ** 45)).toThrow(DeviceError)
      expect(() => memory.matrices(LAYERS, 2 ** 45)).toThrow(
        /^there is no memory for \d+\.0 GiB of features \(.+\): use a larger --stride or fewer layers$/,
      )
      memory.close()
    }
  })
})

describe.skipIf(process.platform !== 'linux')("a device's process", () => {
  const scene: Scene = {
    patch: { name: 'dot', size: 1, rgba: Uint8Array.of(0, 0, 0, 255), sha256: '' },
    background: { rgb: [255, 255, 255] },
    blend: 'hard',
  }

  let opened: DeviceProcess | undefined
  let input: NetworkInput

  /** A process that inherits such memory. */
  async function open(...memory: readonly number[]): Promise<DeviceProcess> {
    const network = await resolveNetwork({ id: 'tiny-alexnet' })
    input = network.input
    const outputs = network.layers.map(({ name }) => name)
    const graph = await compositingGraph(network)
    const device = { name: 'cpu', index: 0 } as const
    opened = await startDeviceProcess({ device, graph, input, outputs, compared: [] }, memory)
    return opened
  }

  afterEach(async () => {
    await opened?.close()
    opened = undefined
  })

  /** What the process says of a batch in the corner whose features are to go to such places. */
  async function reasonOf(device: DeviceProcess, places: MatrixPlaces): Promise<string | undefined> {
    device.setScene({ scene: sceneArrays(scene, input), places })
    const error = await device.write(new Int32Array(2), 0).catch((reason: unknown) => reason)
    if (error !== undefined) expect(error).toBeInstanceOf(DeviceFailure)
    return (error as DeviceFailure | undefined)?.message
  }

  it('refuses a descriptor that it was not given, and a file', async () => {
    const closed = await reasonOf(await open(), PLACES)
    expect(closed).toMatch(/^descriptor 4(: Bad file descriptor| is not shared memory)$/)
    await opened?.close()
    const file = openSync(fileURLToPath(import.meta.url), 'r+')
    try {
      expect(await reasonOf(await open(file), PLACES)).toBe('descriptor 4 is not shared memory')
    } finally {
      closeSync(file)
    }
  })

  it('refuses memory that is too short, and leaves what it wrote before', async () => {
    const descriptor = createSharedMemory() as number
    growSharedMemory(descriptor, PLACES.bytes)
    const values = new Float32Array(mapSharedMemory(descriptor, PLACES.bytes))
    try {
      const device = await open(descriptor)
      expect(await reasonOf(device, PLACES)).toBeUndefined()
      const before = values.slice()
      expect(before[0]).not.toBe(0)
      expect(await reasonOf(device, { ...PLACES, bytes: PLACES.bytes + 1 })).toBe(
        `${PLACES.bytes + 1} bytes of shared memory were asked for, descriptor 4 has ${PLACES.bytes}`,
      )
      await expect(device.write(Int32Array.of(100, 100), 0)).rejects.toThrow(DeviceFailure)
      expect(values).toEqual(before)
      expect(await reasonOf(device, { ...PLACES, starts: [PLACES.bytes - 4, 0, 0] })).toBeDefined()
    } finally {
      closeSync(descriptor)
    }
  })
})
