import { words } from '../../errors.js'
import type { Wording } from '../../message.js'
import type { Network, RunnableGraph } from '../../network.js'
import { counted } from '../../support/text.js'
import { catalog } from '../catalog/catalog.js'
import { usualClasses } from '../classes/names.js'
import { assumedInput } from '../input/recipe.js'

/** A sentence about the answers of the embedded networks; undefined for other networks. */
export function answersNote({ weightsSha256 }: Pick<Network, 'weightsSha256'>): string | undefined {
  if (!isEmbedded(weightsSha256)) return undefined
  return 'This network knows emoji only, so its answers to a photograph mean nothing.'
}

/**
 * The classes that a network knows, in a few words: "627 emoji", "ImageNet" or "10 classes".
 * @param names names of classes by index, not necessarily of all
 */
export function knownClasses(weightsSha256: string, count: number, names: Readonly<Record<number, string>>): string {
  if (isEmbedded(weightsSha256)) return `${count} emoji`
  return usualClasses(count, names) ?? counted(count, 'class', 'classes')
}

/** Only embedded networks have a hash in the catalog. */
function isEmbedded(weightsSha256: string): boolean {
  return catalog().some(({ sha256 }) => sha256 === weightsSha256)
}

export function networkNotes(network: Network): readonly Wording[] {
  return [assumedInput(network) ?? [], optimizationNotes(network), batchNotes(network), ownNotes(network)].flat()
}

function ownNotes({ id, notes = [] }: Network): readonly Wording[] {
  return notes.map((note) => words`${id}: ${note}`)
}

function batchNotes({ id, oneAtATime }: Network): readonly string[] {
  if (oneAtATime === undefined) return []
  return [
    `${id}: the features of an image depend on the other images of a batch, so Shiftscope runs one image at a time; if the network was exported in training mode, export it in evaluation mode`,
  ]
}

export function optimizationNotes({
  id,
  optimization = 'all',
}: Pick<RunnableGraph, 'optimization'> & { readonly id: string }): readonly string[] {
  if (optimization === 'all') return []
  return [
    `${id}: ONNX Runtime crashes when it optimises this network fully, so Shiftscope uses the optimisation level "${optimization}", which may be slower`,
  ]
}
