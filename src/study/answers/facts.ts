import { sha256 } from '../../files/sha256.js'
import { outputOf } from '../../network.js'
import { classSet } from '../../networks/classes/words.js'
import { networkGraph } from '../../onnx/graph/analysis.js'
import { graphCounts } from '../../onnx/graph/counts.js'
import type { NetworkFacts } from '../../results/answers/schema.js'
import type { Classifier } from './classifiers.js'

/** Finds what is stored of a network beside its answers. */
export function networkFacts(network: Classifier): NetworkFacts {
  const { names } = network.classes
  const set = classSet(names)
  return {
    classes: names.length,
    ...(set !== undefined && { classesSha256: sha256(set) }),
    ...graphCounts(networkGraph(network), network.layers.map(outputOf)),
  }
}
