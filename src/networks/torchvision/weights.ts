import { InputError } from '../../errors.js'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { printable } from '../checkpoint/printable.js'
import { shapeText } from '../checkpoint/tensor.js'
import { type Architecture, type Parameter, parametersOf } from './layer.js'

/** The weights that a network is built from: every key that its layers name is there and has the right shape. */
export interface Weights {
  /** The file they come from, for messages. */
  readonly path: string
  readonly read: (key: string) => Promise<Float32Array>
}

/** Counts the batches of training; written by some versions of PyTorch and of no use here. */
const ignoredKey = /(^|\.)num_batches_tracked$/

/**
 * Checks that a checkpoint is of this architecture: it has every tensor that the layers need, in the right shape, and
 * no other (a deeper network of the same family has all of them and more).
 *
 * @param known the architectures among which the checkpoint's real one is looked for, to name it in the message
 * @throws InputError that names the first key in question, and the network that the file more likely is
 */
export function weightsFor(
  architecture: Architecture,
  checkpoint: Checkpoint,
  known: readonly Architecture[],
): Weights {
  const fault = firstFault(architecture, checkpoint)
  if (fault !== null) {
    const likely = known.find((other) => other.id !== architecture.id && firstFault(other, checkpoint) === null)
    const remedy = likely
      ? `it is a checkpoint of ${likely.title}: use it as ${likely.id}`
      : `it is not a checkpoint of ${architecture.title} with 1000 classes: use another file, or export its network to ONNX`
    throw new InputError(`${checkpoint.path}: ${fault}; ${remedy}`)
  }
  return {
    path: checkpoint.path,
    read: async (key) => {
      const tensor = checkpoint.tensors.get(key)
      if (!tensor) throw new Error(`${architecture.id} does not list ${key} among its parameters`)
      return tensor.read()
    },
  }
}

function firstFault(architecture: Architecture, checkpoint: Checkpoint): string | null {
  const parameters = parametersOf(architecture.layers)
  for (const parameter of parameters) {
    const fault = parameterFault(parameter, checkpoint)
    if (fault !== null) return fault
  }
  const expected = new Set(parameters.map(({ key }) => key))
  const extra = [...checkpoint.tensors.keys()].find((key) => !expected.has(key) && !ignoredKey.test(key))
  return extra === undefined ? null : `it holds ${printable(extra)}, which ${architecture.title} does not have`
}

function parameterFault({ key, shape }: Parameter, checkpoint: Checkpoint): string | null {
  const tensor = checkpoint.tensors.get(key)
  if (!tensor) return `${key} ${shapeText(shape)} is missing`
  return shapeText(tensor.shape) === shapeText(shape)
    ? null
    : `${key} is ${shapeText(tensor.shape)} instead of ${shapeText(shape)}`
}
