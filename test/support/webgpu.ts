import { expect } from 'vitest'
import { type DeviceTrial, tryDevice } from '../../src/engine/open/deviceTrial.js'
import { readNpy } from '../../src/files/npy.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'

/** Runs a small network on WebGPU. If that fails, prints why its tests are skipped. */
export async function tryWebgpu(): Promise<DeviceTrial> {
  const trial = await tryDevice({ name: 'webgpu', index: 0 }, await chooseNetwork({ model: 'tiny-alexnet' }))
  if (!trial.runs) console.warn(`tests of WebGPU are skipped: ${trial.reason.slice(0, 200)}; ${trial.remedy}`)
  return trial
}

/** The largest difference of two arrays of one shape, relative to the largest value of the first. */
export async function relativeDistance(first: string, second: string): Promise<number> {
  const [one, other] = [await readNpy(first), await readNpy(second)]
  expect(other.shape).toEqual(one.shape)
  const largest = one.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return one.data.reduce((most, value, i) => Math.max(most, Math.abs(value - (other.data[i] as number))), 0) / largest
}
