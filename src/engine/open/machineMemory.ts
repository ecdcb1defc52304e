import { UsageError, words } from '../../errors.js'
import type { Network } from '../../network.js'
import { machineMemory } from '../../support/machine.js'
import { counted } from '../../support/text.js'
import type { PositionGrid } from '../scene/positions.js'

export function gridFeatureBytes({ layers }: Pick<Network, 'layers'>, { offsets }: PositionGrid): number {
  const dims = layers.reduce((sum, layer) => sum + layer.dims, 0)
  return (offsets.length / 2) * dims * Float32Array.BYTES_PER_ELEMENT
}

/** @throws UsageError if weights and features cannot fit into `memory`, given in bytes */
export function checkMemory(network: Network, grid: PositionGrid, memory = machineMemory()): void {
  const bytes = network.weightsBytes + gridFeatureBytes(network, grid)
  if (bytes <= memory) return
  const widest = network.layers.reduce((most, layer) => (layer.dims > most.dims ? layer : most))
  const without = words`a larger \`stride\`, or \`layers\` that leave out ${widest.name} (${counted(widest.dims, 'value')} per position)`
  const remedy = widest.isMap ? words`\`pool mean\`, ${without}` : without
  const gibibytes = (count: number) => `${(count / 2 ** 30).toFixed(1)} GiB`
  throw UsageError.of`${network.id}: weights and features of ${counted(grid.offsets.length / 2, 'position')} need ${gibibytes(bytes)}, but this machine has ${gibibytes(memory)} of memory; use ${remedy}`
}
