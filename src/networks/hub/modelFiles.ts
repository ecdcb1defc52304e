import { posix } from 'node:path'
import { InputError, UsageError } from '../../errors.js'
import type { ReferringModel } from '../../onnx/format/externalData.js'
import { counted, printable } from '../../support/text.js'
import type { HubReference } from '../reference/hubReference.js'
import type { HubFile, HubRepository } from './repository.js'

const USUAL = ['model.onnx', 'onnx/model.onnx']

export function isModel({ path }: HubFile): boolean {
  return path.endsWith('.onnx')
}

/** The ONNX file to read if the user names none: the one at a usual path, or the only one; otherwise undefined. */
export function usualModel({ files }: HubRepository): HubFile | undefined {
  const usual = USUAL.map((path) => files.get(path)).find((candidate) => candidate !== undefined)
  const [first, ...others] = [...files.values()].filter(isModel)
  return usual ?? (others.length === 0 ? first : undefined)
}

export function onnxFile({ owner, name, file }: HubReference, repository: HubRepository): HubFile {
  const models = [...repository.files.values()].filter(isModel)
  const shown = `${owner}/${name}`
  const [first] = models
  if (first === undefined) {
    throw new InputError(
      `${shown} has no .onnx file; export the network with "optimum-cli export onnx --model ${shown} FOLDER" and give the path of its .onnx file`,
    )
  }
  const found = file === null ? usualModel(repository) : repository.files.get(file)
  if (found !== undefined) return found
  if (file !== null)
    throw new InputError(`${shown} has no file "${printable(file)}"; its .onnx files are ${listed(models)}`)
  throw new UsageError(
    `${shown} has ${models.length} .onnx files (${listed(models)}); name one of them, as in hf:${shown}:${printable(first.path)}`,
  )
}

function listed(models: readonly HubFile[]): string {
  const shown = models.slice(0, 10).map(({ path }) => printable(path))
  return models.length > 10 ? `${shown.join(', ')}, …` : shown.join(', ')
}

/** The files that hold a model's weights. The ONNX file names them, and the hub must list them. */
export function weightsFiles(read: ReferringModel, onnx: HubFile, { files }: HubRepository): readonly HubFile[] {
  const { path, external } = read
  const named = external.map(({ location, end }) => {
    const file = files.get(posix.join(posix.dirname(onnx.path), location))
    if (file !== undefined && file.bytes >= end) return file
    const found =
      file === undefined ? 'is not in the repository' : `has only ${counted(file.bytes, 'byte')} in the repository`
    throw new InputError(
      `${path} needs a data file of at least ${counted(end, 'byte')}, but "${printable(location)}" ${found}; use another model or revision`,
    )
  })
  return [...new Set(named)]
}

const DESCRIPTIONS = ['preprocessor_config.json', 'config.json', 'labels.json', 'labels.txt']
const MOST_DESCRIPTION_BYTES = 2 ** 20

/**
 * The small files that describe a model, in its folder and in the repository's root. Files that are too large are
 * skipped with a note.
 */
export function descriptionFiles(
  onnx: HubFile,
  { files }: HubRepository,
  note: (line: string) => void = () => undefined,
): readonly HubFile[] {
  const folder = posix.dirname(onnx.path)
  const names = [
    posix.join(folder, `${posix.basename(onnx.path, '.onnx')}.input.json`),
    ...DESCRIPTIONS.map((name) => posix.join(folder, name)),
    ...DESCRIPTIONS,
  ]
  return [...new Set(names)].flatMap((name) => {
    const file = files.get(name)
    if (file === undefined) return []
    if (file.bytes <= MOST_DESCRIPTION_BYTES) return [file]
    note(`skipping ${printable(name)}: ${file.bytes} bytes are too many for a file that describes a model`)
    return []
  })
}
