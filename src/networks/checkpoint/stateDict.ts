import { InputError } from '../../errors.js'
import { PickleError, type PickleValue } from './pickle.js'
import { type CheckpointTensor, gatherFloat32 } from './tensor.js'
import { isKind, type OldParameter, type TorchTensor } from './torchObjects.js'

/**
 * `top` is a state dict, or a training checkpoint that has one under `state_dict`. The prefix `module.`, which
 * DataParallel gives to every key, is removed.
 */
export function stateDictTensors(top: PickleValue | undefined): ReadonlyMap<string, TorchTensor> {
  if (!(top instanceof Map)) throw new PickleError('it does not hold a state dict')
  const wrapped = top.get('state_dict')
  const tensors: [string, TorchTensor][] = []
  for (const [key, value] of wrapped instanceof Map ? wrapped : top) {
    const tensor = isKind<OldParameter>(value, 'parameter') ? value.tensor : value
    if (typeof key === 'string' && isKind<TorchTensor>(tensor, 'tensor')) tensors.push([key, tensor])
  }
  if (tensors.length === 0)
    throw new PickleError('it holds no named tensors, neither at its top level nor under "state_dict"')
  const prefix = 'module.'
  if (!tensors.every(([key]) => key.startsWith(prefix))) return new Map(tensors)
  return new Map(tensors.map(([key, tensor]) => [key.slice(prefix.length), tensor]))
}

export function lazyTensor(key: string, tensor: TorchTensor, readStorage: () => Promise<Uint8Array>): CheckpointTensor {
  const { dtype, start } = tensor.storage
  const { shape, strides, offset } = tensor.layout
  const layout = { shape, strides, offset: start + offset }
  return { key, dtype, shape, read: async () => gatherFloat32(await readStorage(), dtype, layout) }
}

export async function readingPickles<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof PickleError)) throw error
    throw new InputError(`${path}: ${error.message}; use a checkpoint made by torch.save(model.state_dict(), …)`, {
      cause: error,
    })
  }
}
