import { InputError, reworded } from '../errors.js'
import { sha256OfFile } from '../files/sha256.js'
import { counted, printable } from '../support/text.js'
import { type CatalogEntry, checkNotAnother } from './catalog.js'
import type { NetworkInput } from './network.js'
import { imageInput } from './onnx/imageInput.js'
import { type HashedOnnx, readHashedOnnx } from './onnx/onnxFile.js'
import { ProtobufError } from './protobuf/wire.js'

/**
 * A shell command that exports torchvision's network of this name, with its published weights, to `<id>.onnx`. With
 * `dynamo=False`, PyTorch stores the weights in the .onnx file itself.
 */
export function exportCommand(id: string): string {
  return pythonLine(`m = torchvision.models.${id}(weights='DEFAULT').eval()`, id)
}

export function ownExportCommand(file: string): string {
  return pythonLine('m = YOUR_NETWORK.eval()', file)
}

function pythonLine(network: string, name: string): string {
  const names = "input_names=['image'], output_names=['logits'], dynamic_axes={'image': {0: 'N'}, 'logits': {0: 'N'}}"
  const call = `torch.onnx.export(m, torch.zeros(1, 3, 224, 224), '${name}.onnx', ${names}, dynamo=False)`
  return `python -c "import torch, torchvision; ${network}; ${call}"`
}

export function exportRemedy({ id }: CatalogEntry): string {
  return `export it with ${exportCommand(id)} and run "shiftscope models import ${id} ${id}.onnx"`
}

/** @throws InputError if the file is not an ONNX model that takes images */
export async function readExported(entry: CatalogEntry, path: string): Promise<HashedOnnx> {
  try {
    return await readHashedOnnx(path, imageInput)
  } catch (error) {
    if (!(error instanceof InputError && error.cause instanceof ProtobufError)) throw error
    checkNotAnother(entry, path, await sha256OfFile(path))
    throw reworded(error, `${path} is not an ONNX file, but ${entry.id} needs one; ${again(entry)}`)
  }
}

export function checkFrame(entry: CatalogEntry, path: string, { rows, cols }: NetworkInput): void {
  if (rows === entry.input.rows) return
  throw new InputError(
    `${path} expects images of ${rows}×${cols}, but ${entry.id} needs ${entry.input.rows}×${entry.input.cols}; ${again(entry)}`,
  )
}

/** Number of ImageNet's classes. */
const CLASSES = 1000

/** @param classes number of values of the output that is read */
export function checkClasses(entry: CatalogEntry | undefined, path: string, classes: number): void {
  if (entry?.kind !== 'exported' || classes === CLASSES) return
  throw new InputError(
    `the output of ${path} has ${counted(classes, 'value')}, but ${entry.id} has ${CLASSES} classes; ${again(entry)}`,
  )
}

/** @throws InputError if the weights are in separate files, because the cache keeps only one file per network */
export function checkInOneFile(entry: CatalogEntry, { path, external: [file] }: HashedOnnx): void {
  if (file === undefined) return
  throw new InputError(
    `${path} keeps weights in a separate file, ${printable(file.location)}, so it cannot be imported; keep both files in one folder and give ${path} as the weights of ${entry.id} in each command, or ${again(entry)}`,
  )
}

function again({ id }: CatalogEntry): string {
  return `export it with ${exportCommand(id)}`
}
