import { basename, extname } from 'node:path'
import { type Checkpoint, readCheckpoint } from '../../checkpoint/checkpoint.js'
import { InputError } from '../../errors.js'
import { withFile } from '../../files/openFile.js'
import { shapeText } from '../../support/shape.js'
import { printable } from '../../support/text.js'
import { architectures } from '../architectures/architectures.js'
import { type Architecture, featureLayersOf, parametersOf } from '../architectures/layer.js'
import { firstFault, hasKeys } from '../architectures/weights.js'
import { modelEntry } from '../catalog/catalog.js'

/**
 * Finds the network of a checkpoint by the names and shapes of its tensors, without reading their values.
 * @returns the network's id in the catalog
 */
export function recogniseCheckpoint(path: string): Promise<string> {
  return withFile(path, async (file) => networkOfCheckpoint(await readCheckpoint(file)))
}

function networkOfCheckpoint(checkpoint: Checkpoint): string {
  const { path } = checkpoint
  const networks = architectures.filter(({ layers }) => featureLayersOf(layers).length > 0)
  const network = networks.find((architecture) => firstFault(architecture, checkpoint) === null)
  if (network) return network.id
  const stem = basename(path, extname(path)).replace(/[^\w.-]/g, '_')
  throw new InputError(
    `${path} is not a checkpoint of a known network${difference(networks, checkpoint)}; export your network from PyTorch with ${exportCommand(stem)} and use ${stem}.onnx`,
  )
}

/**
 * A shell command that exports a network from PyTorch to `<name>.onnx`. With `dynamo=False`, PyTorch stores the weights in
 * the .onnx file itself.
 */
function exportCommand(name: string): string {
  const names = "input_names=['image'], output_names=['logits'], dynamic_axes={'image': {0: 'N'}, 'logits': {0: 'N'}}"
  const call = `torch.onnx.export(m, torch.zeros(1, 3, 224, 224), '${name}.onnx', ${names}, dynamo=False)`
  return `python -c "import torch, torchvision; m = YOUR_NETWORK.eval(); ${call}"`
}

/**
 * Text for a message: how a checkpoint differs from the most similar network. That is the largest network whose keys
 * are all in the checkpoint. If no network has this property, the text describes the checkpoint's first tensor.
 */
function difference(networks: readonly Architecture[], checkpoint: Checkpoint): string {
  const like = networks.filter((architecture) => hasKeys(architecture, checkpoint))
  const sizes = like.map(({ layers }) => parametersOf(layers).length)
  const nearest = like[sizes.indexOf(Math.max(...sizes))]
  if (nearest) return ` (it is similar to ${modelEntry(nearest.id).title}, but ${firstFault(nearest, checkpoint)})`
  const [first] = checkpoint.tensors
  return first ? ` (its first tensor is ${printable(first[0])} ${shapeText(first[1].shape)})` : ' (it has no tensors)'
}
