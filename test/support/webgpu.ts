import { type DeviceTrial, tryDevice } from '../../src/engine/deviceTrial.js'
import { chooseNetwork } from '../../src/networks/index.js'

/** Runs a small network on WebGPU, and says on the terminal why its tests are skipped where that fails. */
export async function tryWebgpu(): Promise<DeviceTrial> {
  const trial = await tryDevice({ name: 'webgpu', index: 0 }, await chooseNetwork({ model: 'tiny-alexnet' }))
  if (!trial.runs) console.warn(`tests of WebGPU are skipped: ${trial.reason.slice(0, 200)}; ${trial.remedy}`)
  return trial
}
