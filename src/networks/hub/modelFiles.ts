import { posix } from 'node:path'
import { InputError, UsageError } from '../../errors.js'
import { counted } from '../../support/counted.js'
import { printable } from '../../support/printable.js'
import type { ReferringModel } from '../onnx/externalData.js'
import type { HubReference } from './reference.js'
import type { HubFile, HubRepository } from './repository.js'

/** Where exports to ONNX lie, the first that is there. */
const USUAL = ['model.onnx', 'onnx/model.onnx']

/**
 * The ONNX file that a reference means: the one that it names, else `model.onnx`, `onnx/model.onnx`, or the only one.
 *
 * @throws UsageError where several could be meant; InputError where there is none
 */
export function modelFile({ owner, name, file }: HubReference, { files }: HubRepository): HubFile {
  const models = [...files.values()].filter(({ path }) => path.endsWith('.onnx'))
  const repository = `${owner}/${name}`
  if (models.length === 0) {
    throw new InputError(
      `${repository} has no .onnx file; export the model with "optimum-cli export onnx --model ${repository} FOLDER" and give the path of its .onnx file`,
    )
  }
  if (file !== null) {
    const named = files.get(file)
    if (named) return named
    throw new InputError(`${repository} has no file "${printable(file)}"; its .onnx files are ${listed(models)}`)
  }
  const usual = USUAL.map((path) => files.get(path)).find((candidate) => candidate !== undefined)
  const [first] = models
  if (usual ?? models.length === 1) return (usual ?? first) as HubFile
  throw new UsageError(
    `${repository} has ${models.length} .onnx files, ${listed(models)}; name one: hf:${repository}:${printable(first?.path ?? '')}`,
  )
}

function listed(models: readonly HubFile[]): string {
  const shown = models.slice(0, 10).map(({ path }) => printable(path))
  return models.length > 10 ? `${shown.join(', ')}, …` : shown.join(', ')
}

/**
 * The files in which a model keeps its weights, as the model that is here names them and the hub lists them.
 *
 * @param read the model as it lies on this machine
 * @throws InputError when the repository lacks one, or it is too short, or lies outside of the model's folder
 */
export function dataFiles(read: ReferringModel, model: HubFile, { files }: HubRepository): readonly HubFile[] {
  const { path, external } = read
  const named = external.map(({ location, end }) => {
    const file = files.get(posix.join(posix.dirname(model.path), location))
    if (file !== undefined && file.bytes >= end) return file
    const found =
      file === undefined ? 'which the repository does not have' : `of which it has ${counted(file.bytes, 'byte')}`
    throw new InputError(
      `${path} keeps data up to byte ${end} of "${printable(location)}", ${found}; use another model or revision`,
    )
  })
  return [...new Set(named)]
}

/** What describes a model's input and classes. */
const DESCRIPTIONS = ['preprocessor_config.json', 'config.json', 'labels.json']
const MOST_DESCRIPTION_BYTES = 2 ** 20

/** The small files that describe a model, beside it and in the repository's root; too large ones are told of. */
export function descriptionFiles(
  model: HubFile,
  { files }: HubRepository,
  note: (line: string) => void,
): readonly HubFile[] {
  const folder = posix.dirname(model.path)
  const names = [
    posix.join(folder, `${posix.basename(model.path, '.onnx')}.input.json`),
    ...DESCRIPTIONS.map((name) => posix.join(folder, name)),
    ...DESCRIPTIONS,
  ]
  return [...new Set(names)].flatMap((name) => {
    const file = files.get(name)
    if (file === undefined) return []
    if (file.bytes <= MOST_DESCRIPTION_BYTES) return [file]
    note(`skipping ${printable(name)}: ${file.bytes} bytes are too many for a description`)
    return []
  })
}
