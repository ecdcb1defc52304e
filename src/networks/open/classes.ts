import { UsageError, words } from '../../errors.js'
import type { Classes, FeatureLayer } from '../../network.js'
import { mainOutput } from '../../onnx/graph/outputKinds.js'
import { outputMeaning } from '../../onnx/graph/outputMeaning.js'
import { elementCount } from '../../support/shape.js'
import { checkOwnNames, classNamesOf } from '../classes/names.js'
import type { NetworkFile } from '../file/networkFile.js'
import { readOutputs } from './outputs.js'

/**
 * The classes of the output with class scores that is among `layers`; see `outputKinds` for how it is found. Undefined if
 * there is none.
 * @throws UsageError if an option says what the class scores mean, but there are none
 * @throws InputError if no output has one value per name in the network’s own file of names
 */
export function classesOf(
  file: Pick<NetworkFile, 'reference' | 'onnx' | 'names' | 'name'>,
  layers: readonly Pick<FeatureLayer, 'name' | 'dims' | 'isMap'>[],
): Classes | undefined {
  const { reference, onnx, name: network } = file
  // The shape of a map is not known here, and does not matter, because class scores are vectors.
  const tensors = new Map(
    layers.map(({ name, dims, isMap }) => [name, { type: 'float32', shape: isMap ? [] : [1, dims] }]),
  )
  const known = readOutputs(file, tensors, 1)
  const layerOf = ({ name }: { readonly name: string }) => layers.find((layer) => layer.name === name) ?? []
  const ofScores = known.filter(({ kind }) => kind === 'scores').flatMap(layerOf)
  const scores = mainOutput(onnx.graph, ofScores)
  const checked = scores ?? known.flatMap(layerOf).at(-1)
  const fits = (count: number) => known.some(({ shape }) => shape && elementCount(shape) === count)
  if (checked !== undefined && !checked.isMap) checkOwnNames(onnx, file.names, checked.dims, fits)
  const { scores: meaning } = reference
  if (scores === undefined && meaning !== undefined) {
    const remedy =
      layers.at(-1)?.dims === 1 ? '' : words`, or say which output has them with \`outputKind NAME=scores\``
    throw UsageError.of`no layer that is read from ${network} has class scores, so \`scores ${meaning}\` has no effect; leave it out${remedy}`
  }
  if (scores === undefined) return undefined
  const { name, dims } = scores
  const { names, source } = classNamesOf(file.names, [dims], 'ImageNet')
  return {
    layer: name,
    names,
    source,
    scores: { ...outputMeaning(onnx.graph, name), ...(meaning && { meaning, source: 'options' }) },
  }
}
