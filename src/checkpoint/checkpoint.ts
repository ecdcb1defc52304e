import { InputError } from '../errors.js'
import type { OpenFile } from '../files/openFile.js'
import { printable } from '../support/text.js'
import { isCaffeModel, readCaffeModel } from './caffeModel.js'
import { FOREIGN_EXTENSIONS, foreignFormat } from './foreignFormats.js'
import { legacyMagic, readLegacyCheckpoint } from './legacyCheckpoint.js'
import { PickleError } from './pickle.js'
import { isSafetensors, readSafetensors } from './safetensors.js'
import { readTarCheckpoint } from './tarCheckpoint.js'
import { isTar } from './tarDirectory.js'
import type { CheckpointTensor } from './tensor.js'
import { readZipCheckpoint } from './zipCheckpoint.js'

export interface Checkpoint {
  readonly path: string
  readonly format: CheckpointFormat
  /** The tensors by key, such as `conv1.weight`, in the order of the file. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
}

type CheckpointFormat = (typeof formats)[number]['format']

interface FormatReader {
  readonly format: string
  readonly extensions: readonly string[]
  /** @param head the first bytes of the file, at most 512 */
  readonly recognises: (head: Buffer, file: OpenFile) => boolean
  readonly read: (file: OpenFile) => Promise<ReadonlyMap<string, CheckpointTensor>>
}

const PYTORCH = ['.pth', '.pt', '.bin']

const formats = [
  {
    format: 'PyTorch zip',
    extensions: PYTORCH,
    recognises: (head) => head.toString('latin1', 0, 4) === 'PK\x03\x04',
    read: readZipCheckpoint,
  },
  {
    format: 'PyTorch legacy',
    extensions: PYTORCH,
    recognises: (head) => head.subarray(0, legacyMagic.length).equals(legacyMagic),
    read: readLegacyCheckpoint,
  },
  { format: 'PyTorch tar', extensions: PYTORCH, recognises: isTar, read: readTarCheckpoint },
  { format: 'safetensors', extensions: ['.safetensors'], recognises: isSafetensors, read: readSafetensors },
  { format: 'Caffe', extensions: ['.caffemodel'], recognises: isCaffeModel, read: readCaffeModel },
] as const satisfies readonly FormatReader[]

/** Extensions of checkpoints, also of those in formats of other frameworks, which `readCheckpoint` refuses. */
export const CHECKPOINT_EXTENSIONS: readonly string[] = [
  ...formats.flatMap(({ extensions }) => extensions),
  ...FOREIGN_EXTENSIONS,
]

/**
 * Reads the names, types and shapes of a checkpoint's tensors. Elements are read only by a tensor's `read`, while the
 * file is open. Nothing in the file is executed. Sizes are checked against the file's length before memory is
 * allocated.
 */
export async function readCheckpoint(file: OpenFile): Promise<Checkpoint> {
  const { path } = file
  const foreign = foreignFormat(path)
  if (foreign !== undefined) throw new InputError(foreign)
  const head = await file.read({ offset: 0, length: Math.min(512, file.size) })
  const reader = formats.find(({ recognises }) => recognises(head, file))
  if (!reader) {
    throw new InputError(
      `${path} is not a checkpoint in a supported format (${formats.map(({ format }) => format).join(', ')}); save it again with torch.save(model.state_dict(), …)`,
    )
  }
  const tensors = await reader.read(file).catch((error: unknown) => {
    if (!(error instanceof PickleError)) throw error
    throw new InputError(`${path}: ${error.message}; use a checkpoint made by torch.save(model.state_dict(), …)`, {
      cause: error,
    })
  })
  return {
    path,
    format: reader.format,
    tensors: new Map([...tensors].map(([key, tensor]) => [key, finite(path, key, tensor)])),
  }
}

/**
 * Returns the tensor with a `read` that also checks that each element is finite. Without this, one NaN would make every
 * feature NaN, and the error would not name the file.
 */
function finite(path: string, key: string, tensor: CheckpointTensor): CheckpointTensor {
  return {
    ...tensor,
    read: async () => {
      const elements = await tensor.read()
      const at = firstNotFinite(elements)
      if (at >= 0) {
        throw new InputError(
          `${path}: ${printable(key)} is ${elements[at]} at element ${at}, but weights must be finite; use another checkpoint`,
        )
      }
      return elements
    },
  }
}

/** A callback for each of a hundred million weights would take seconds, so this is a plain loop. */
function firstNotFinite(elements: Float32Array): number {
  for (let i = 0; i < elements.length; i++) if (!Number.isFinite(elements[i])) return i
  return -1
}
