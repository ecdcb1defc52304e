import { InputError } from '../errors.js'
import { counted } from '../support/counted.js'
import type { CatalogEntry } from './catalog.js'
import type { Network } from './network.js'
import { externalFiles } from './onnx/externalData.js'
import { type ModelInterface, readModelInterface } from './onnx/interface.js'
import { type LayerChoice, onnxNetwork } from './onnxNetwork.js'

/**
 * A line for a shell that exports torchvision's network of this name, with its published weights, to `<id>.onnx`. The
 * exporter is the one that keeps the weights in the same file.
 */
export function exportCommand(id: string): string {
  return pythonLine(`m = torchvision.models.${id}(weights='DEFAULT').eval()`, id)
}

/** As `exportCommand`, for a network of the user's that was saved whole or is built by code of his own. */
export function ownExportCommand(file: string): string {
  return pythonLine('m = YOUR_NETWORK.eval()', file)
}

function pythonLine(network: string, name: string): string {
  const names = "input_names=['image'], output_names=['logits'], dynamic_axes={'image': {0: 'N'}, 'logits': {0: 'N'}}"
  const call = `torch.onnx.export(m, torch.zeros(1, 3, 224, 224), '${name}.onnx', ${names}, dynamo=False)`
  return `python -c "import torch, torchvision; ${network}; ${call}"`
}

/** What to do for the ONNX file of a network that is known by name. */
export function exportRemedy({ id }: CatalogEntry): string {
  return `export it with ${exportCommand(id)} and run "shiftscope models import ${id} ${id}.onnx"`
}

/**
 * The network of an ONNX file that was exported for this entry of the catalog.
 *
 * @throws InputError when the file is not an ONNX model, or of other images or classes than the entry's
 */
export async function exportedNetwork(
  entry: CatalogEntry,
  path: string,
  { layers, pool, signal }: LayerChoice = {},
): Promise<Network> {
  const outputs = outputsOf(entry, path)
  const recipe = { ...entry.input, size: entry.input.rows, layout: null, source: 'catalog' }
  const network = await onnxNetwork(path, { layers, pool, signal, recipe })
  checkClasses(entry, network, outputs.at(-1) as string)
  const { rows, cols } = network.input
  if (rows !== entry.input.rows)
    throw new InputError(
      `${path} takes images of ${rows}×${cols}, and ${entry.id} of ${entry.input.rows}; ${again(entry)}`,
    )
  return { ...network, id: entry.id, title: entry.title }
}

/**
 * Checks that a file can be kept as the ONNX file of this entry.
 *
 * @throws InputError as `exportedNetwork`, and when the weights lie in files of their own
 */
export async function checkExport(entry: CatalogEntry, path: string, signal?: AbortSignal): Promise<void> {
  await exportedNetwork(entry, path, { signal })
  const [file] = await externalFiles(path)
  if (file === undefined) return
  throw new InputError(
    `${path} keeps weights in a file of its own, ${file.location}; leave both there and give ${path} as the weights of ${entry.id} to each command, or ${again(entry)}`,
  )
}

function outputsOf(entry: CatalogEntry, path: string): readonly string[] {
  return readAs(entry, path).outputs.map(({ name }) => name)
}

function readAs(entry: CatalogEntry, path: string): ModelInterface {
  try {
    return readModelInterface(path)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new InputError(`${path} cannot be ${entry.id}, which is read from an ONNX file; ${again(entry)}`, {
      cause: error,
    })
  }
}

/** ImageNet's. */
const CLASSES = 1000

function checkClasses(entry: CatalogEntry, { layers, weightsPath }: Network, output: string): void {
  const last = layers.find(({ name }) => name === output)
  if (last === undefined || last.dims === CLASSES) return
  throw new InputError(
    `${weightsPath} gives ${counted(last.dims, 'number')} at its end, and ${entry.id} ${CLASSES} classes; ${again(entry)}`,
  )
}

function again({ id }: CatalogEntry): string {
  return `export it with ${exportCommand(id)}`
}
