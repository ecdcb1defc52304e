import { isKind, PickleError, type PickleValue } from './pickle.js'
import { type CheckpointTensor, gatherFloat32 } from './tensor.js'
import type { OldParameter, TorchTensor } from './torchObjects.js'

/**
 * Returns the tensors of a state dict. The prefix `module.`, which DataParallel gives to every key, is removed.
 * @param top a state dict, or a training checkpoint that has one under `state_dict`
 * @param readerOf makes the function that reads the bytes of a storage, which is given by its key
 */
export function stateDictTensors(
  top: PickleValue | undefined,
  readerOf: (storage: string) => () => Promise<Uint8Array>,
): ReadonlyMap<string, CheckpointTensor> {
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
  const start = tensors.every(([key]) => key.startsWith(prefix)) ? prefix.length : 0
  return new Map(
    tensors.map(([fullKey, { storage, layout }]) => {
      const readStorage = readerOf(storage.key)
      const inStorage = { ...layout, offset: storage.start + layout.offset }
      const read = async () => gatherFloat32(await readStorage(), storage.dtype, inStorage)
      return [fullKey.slice(start), { shape: layout.shape, read }]
    }),
  )
}
