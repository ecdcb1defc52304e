// Creates 200 compositors of 3 MB each. Prints by how many of them the process has grown at most.
// node compositors.mjs drawn: draws a scene with each, as a worker does; node compositors.mjs forgotten: only creates them
import { setImmediate } from 'node:timers/promises'
import { imageDrawing, sceneCompositor } from '../../../dist/engine/backends/images.js'
import { pixelScene } from '../../../dist/engine/scene/scene.js'

const SIDE = 512
const input = { rows: 2, cols: 2, divisor: 1, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'rgb' }
const scene = pixelScene(SIDE, new Uint8Array(SIDE * SIDE * 4))
const draw = imageDrawing(input)
const images = new Float32Array(12)
const before = process.memoryUsage.rss()
let most = before
for (let id = 0; id < 200; id++) {
  if (process.argv[2] === 'drawn') await draw([{ task: { id, scene }, offsets: Int32Array.of(0, 0) }], images)
  else sceneCompositor(scene, input)
  // The garbage collector's finalizers run between the events of a process.
  await setImmediate()
  // The system's own maximum would begin with the memory of the process that started this one.
  most = Math.max(most, process.memoryUsage.rss())
}
console.log((most - before) / (SIDE * SIDE * 12))
