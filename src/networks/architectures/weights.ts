import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { InputError } from '../../errors.js'
import { shapeText } from '../../support/shape.js'
import { printable } from '../../support/text.js'
import { modelEntry } from '../catalog/catalog.js'
import { architectures } from './architectures.js'
import { type Architecture, featureLayersOf, type Parameter, parametersOf } from './layer.js'

/** The weights that a graph is built from. All are present and have the right shapes: see `weightsFor`. */
export interface Weights {
  readonly path: string
  readonly read: (key: string) => Promise<Float32Array>
}

/** Matches a tensor that some versions of PyTorch store. It has no use after training. */
const ignoredKey = /(^|\.)num_batches_tracked$/

/**
 * Checks that a checkpoint belongs to this architecture: it must have exactly the tensors that the layers need, in the
 * right shapes. Additional tensors are an error, because they may come from a deeper network of the same family. If the
 * checkpoint does not fit, the message names the architectures that it fits.
 */
export function weightsFor(architecture: Architecture, checkpoint: Checkpoint): Weights {
  const fault = firstFault(architecture, checkpoint)
  if (fault !== null) throw new InputError(`${checkpoint.path}: ${fault}; ${remedy(architecture, checkpoint)}`)
  return {
    path: checkpoint.path,
    read: (key) => checkpoint.tensors.get(fileKey(checkpoint, key))!.read(),
  }
}

function remedy({ id, layers }: Architecture, checkpoint: Checkpoint): string {
  const fitting = architectures.flatMap((other) => (firstFault(other, checkpoint) ? [] : modelEntry(other.id)))
  const [likely] = fitting
  if (likely)
    return `the file is a checkpoint of ${likely.title}, so use it as ${fitting.map(({ id }) => id).join(' or ')}`
  const { title } = modelEntry(id)
  if (featureLayersOf(layers).length === 0) return `the file is not a checkpoint of the ${title}, so use another`
  return `the file is not a checkpoint of ${title} with 1000 classes, so use another, or export its network to ONNX`
}

/** Shapes are not compared, and additional keys are allowed. */
export function hasKeys({ layers }: Architecture, checkpoint: Checkpoint): boolean {
  return parametersOf(layers).every(({ key }) => checkpoint.tensors.has(fileKey(checkpoint, key)))
}

export function firstFault(architecture: Architecture, checkpoint: Checkpoint): string | null {
  const parameters = parametersOf(architecture.layers)
  for (const parameter of parameters) {
    const fault = parameterFault(parameter, checkpoint)
    if (fault !== null) return fault
  }
  const expected = new Set(parameters.map(({ key }) => fileKey(checkpoint, key)))
  const extra = [...checkpoint.tensors.keys()].find((key) => !expected.has(key) && !ignoredKey.test(key))
  if (extra === undefined) return null
  return `it holds ${printable(extra)}, which ${modelEntry(architecture.id).title} does not have`
}

function parameterFault({ key, shape }: Parameter, checkpoint: Checkpoint): string | null {
  const name = fileKey(checkpoint, key)
  const tensor = checkpoint.tensors.get(name)
  if (!tensor) return `${name} ${shapeText(shape)} is missing`
  if (shapeText(tensor.shape) === shapeText(shape) || isLegacyShape(checkpoint, tensor.shape, shape)) return null
  return `${name} is ${shapeText(tensor.shape)} instead of ${shapeText(shape)}`
}

/** Caffe numbers the tensors of a layer: 0 for the weights, 1 for the bias. */
function fileKey({ format }: Checkpoint, key: string): string {
  return format === 'Caffe' ? key.replace(/\.weight$/, '.0').replace(/\.bias$/, '.1') : key
}

/** Old Caffe models add axes of length 1 in front, up to four axes: see `ShapeEquals` in Caffe's blob.cpp. */
function isLegacyShape({ format }: Checkpoint, found: readonly number[], shape: readonly number[]): boolean {
  if (format !== 'Caffe' || found.length !== 4 || shape.length > 4) return false
  return shapeText(found) === shapeText([1, 1, 1, 1, ...shape].slice(-4))
}
