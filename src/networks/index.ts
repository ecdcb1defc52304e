export { cacheFolder } from './cache.js'
export {
  type CatalogEntry,
  catalog,
  catalogEntry,
  catalogModels,
  catalogPairs,
  type GeneratorEntry,
  isGenerator,
  isPublished,
  licenceText,
  listGenerators,
  type ModelEntry,
  modelEntry,
  type PairKind,
  weightsCommand,
} from './catalog.js'
export { chooseNetwork } from './chooseNetwork.js'
export { classesOfObject, classFinder, isIndex, isRightAnswer } from './classWords.js'
export { checkGenerator, chooseGenerator, type FeatureStage, type Generator } from './generator.js'
export { hubModelFile, listHubModels } from './hub/manifest.js'
export { type HubPullOptions, type PulledHubModel, pullHubModel } from './hub/pull.js'
export { isHubReference } from './hub/reference.js'
export { imagenetClasses } from './imagenetClasses.js'
export { recipeText } from './input/recipe.js'
export { inspectModel, type ModelInspection } from './inspection.js'
export { type ImportedWeights, importWeights, listNetworks, type NetworkStatus } from './library.js'
export {
  type Classes,
  type ClassScores,
  type Detector,
  type FeatureLayer,
  type Network,
  type NetworkInput,
  OUTPUT_KINDS,
  type OutputKind,
  outputOf,
  POOLS,
  type Pool,
  PRECISIONS,
  type Precision,
  type RunnableGraph,
  SCORE_MEANINGS,
  type ScoreMeaning,
  type Tokens,
} from './network.js'
export { answersNote, knownClasses, networkNotes, optimizationNotes } from './networkNotes.js'
export { isOfCategory } from './objectClasses.js'
export { cachedCopy } from './onnx/cachedCopy.js'
export {
  compositingGraph,
  featureOutput,
  SCENE_INPUTS,
} from './onnx/compositing.js'
export {
  analysedGraph,
  type GraphAnalysis,
  imageShape,
  largestTensor,
  networkGraph,
} from './onnx/graph/analysis.js'
export { listAttribute, numberAttribute, textAttribute, UnfitNode } from './onnx/graph/attributes.js'
export { comparedLayers } from './onnx/graph/compared.js'
export { isForeign, linksOf, neededFor } from './onnx/graph/links.js'
export { NO_ANSWER } from './onnx/graph/outputKinds.js'
export { connectedWeights, isOfPositions } from './onnx/graph/products.js'
export { jumpReason, nodeTitle } from './onnx/graph/rounding.js'
export { axisOf, type KnownNode, type KnownTensor, shapeAt, slicesOf, valuesAt } from './onnx/graph/shapes.js'
export { strideOf } from './onnx/graph/spacing.js'
export { allTokensText, poolText, tokensText } from './onnx/graph/tokens.js'
export {
  type AxisWindow,
  type BorderedWindow,
  MAXIMUM_SIZE,
  MAXIMUM_TAPS,
  windowsOf,
} from './onnx/graph/windows.js'
export type { GraphChanges } from './onnx/graphCopy.js'
export type { GraphNode, GraphNodes } from './onnx/graphNodes.js'
export { ElementType } from './onnx/messages.js'
export type { Initializer, Node, TensorInfo } from './onnx/model.js'
export { newNode } from './onnx/newNode.js'
export { type OnnxFile, readHashedOnnx, readOnnxFile } from './onnx/onnxFile.js'
export { simplifiedGraph } from './onnx/simplifiedGraph.js'
export { type PulledWeights, type PullOptions, pullWeights } from './pull.js'
export { recogniseCheckpoint } from './recognition.js'
export {
  checkIds,
  checkOwnOptions,
  type GivenReference,
  isOwnNetwork,
  OUTPUT_OPTIONS,
  OWN_OPTIONS,
  type OwnOptions,
  ownOptionsFor,
  parseReference,
  REFERENCE_OPTIONS,
} from './reference.js'
export { verifyNetwork } from './verification.js'
export { isPlaceholder } from './weights.js'
