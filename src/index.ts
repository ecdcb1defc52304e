/**
 * Shiftscope as a library. It measures how the features of a convolutional network change when an object moves across
 * the image. The documentation of each function states array shapes, units of measurement and errors.
 *
 * @packageDocumentation
 */

export { type BenchExtractionOptions, benchExtraction, type ExtractBench } from './bench/extract.js'
export { type BenchUnitOptions, benchUnits, type UnitBench } from './bench/unit.js'
export { type SlurmOptions, type SlurmSubmission, submitSlurm } from './cluster/submit.js'
export { type CompareOptions, compare } from './compare/compare.js'
export type {
  CheckedLimit,
  ComparedMetric,
  ComparedNetworks,
  ComparedOutcome,
  Comparison,
  LimitOutcome,
  Unpaired,
} from './compare/result.js'
export type { NoiseFloor } from './engine/open/noiseFloor.js'
export type { ReuseRecord } from './engine/reuse/record.js'
export { ANCHOR_NAMES, type AnchorName } from './engine/scene/positions.js'
export type { Settings } from './engine/scene/task.js'
export {
  ClusterError,
  DeviceError,
  InputError,
  InterruptedError,
  NetworkError,
  OutputError,
  ResourceError,
  ShiftscopeError,
  UsageError,
  WorkerError,
} from './errors.js'
export type { AnswerCounts } from './experiments/answers/answers.js'
export type { ChosenProtocol, ProtocolName } from './experiments/answers/protocols.js'
export type { Origin } from './experiments/arithmetic/expression.js'
export type { ArithmeticErrors, LayerArithmetic } from './experiments/arithmetic/featureArithmetic.js'
export type { ClassifierRecord } from './experiments/classifiers/classifiers.js'
export { FOLD_SCHEMES, type FoldScheme, TASKS, type Task } from './experiments/classifiers/folds.js'
export type { Separability, TaskSeparability } from './experiments/classifiers/separability.js'
export type { SimilarityMaps } from './experiments/maps/cosines.js'
export type { EquivarianceError } from './experiments/maps/equivariance.js'
export type { RgbPixels } from './experiments/scenes/layout.js'
export { type Exploration, type ExploreOptions, explore } from './explore/explore.js'
export type {
  Extraction,
  FeatureRows,
  NetworkComparison,
  NetworkExtractOptions,
  PlacementOptions,
  RowOptions,
} from './features/extraction.js'
export type { FeatureArray, FeatureLayers, LayerResults } from './features/features.js'
export {
  type ExtractOptions,
  extract,
  type NetworkOptions,
  type OpenNetwork,
  openNetwork,
} from './features/openNetwork.js'
export {
  type FeatureSeparability,
  type SchemeSeparability,
  type SeparabilityOptions,
  separability,
} from './features/separability.js'
export { type Similarity, type SimilarityOptions, similarity } from './features/similarity.js'
export { type FeaturePage, type ViewOptions, viewFeatures } from './features/view.js'
export { type NpyArray, readNpy, writeNpy } from './files/npy.js'
export {
  type Classes,
  type ClassScores,
  type FeatureLayer,
  type Head,
  type Network,
  type NetworkInput,
  OUTPUT_KINDS,
  type OutputKind,
  type Tokens,
} from './network.js'
export type { CatalogEntry, GeneratorEntry, ModelEntry } from './networks/catalog/catalog.js'
export { type ImportedWeights, importWeights, listNetworks, type NetworkStatus } from './networks/models/imported.js'
export { inspectModel, type ModelInspection } from './networks/models/inspection.js'
export { type PulledWeights, type PullOptions, pullWeights } from './networks/models/pullWeights.js'
export type { GivenReference } from './networks/reference/reference.js'
export type { TypedTensor } from './onnx/format/onnxFile.js'
export { type CocoPatchesOptions, cocoPatches } from './patches/cocoPatches.js'
export { type OwnPatchesOptions, ownPatches } from './patches/ownPatches.js'
export type { ManifestPatch, PatchFailure, PatchFolder } from './patches/patchFolder.js'
export type { PatchInput } from './patches/patchInput.js'
export type { ColourLimits } from './plot/colormap.js'
export type { ProgressEvent, ProgressListener, ProgressMeasure } from './progress.js'
export type { Evidence, Lean } from './report/findings/evidence.js'
export type { ClaimFinding, Verdict } from './report/findings/finding.js'
export { type Report, type ReportOptions, writeReport } from './report/report.js'
export type { ConsistencyMetric, MeasuredPhotograph, MetricMean } from './results/answers/summary.js'
export type { ArithmeticDocument } from './results/arithmetic/document.js'
export type { Better } from './results/measures/measures.js'
export type { SummaryRow } from './results/measures/rows.js'
export type { LayerNumbers, MetricValues, UnitNumbers, Variant } from './results/measures/variant.js'
export { openResults } from './results/store/openResults.js'
export type { OpenUnit } from './results/store/openUnit.js'
export { type Consistency, consistency, type NetworkConsistency } from './study/answers/consistency.js'
export type { ConsistencyOptions } from './study/answers/options.js'
export { type Arithmetic, type ArithmeticOptions, arithmetic } from './study/arithmetic/arithmetic.js'
export type { StudyEstimate } from './study/maps/estimate.js'
export type { ReproduceOptions } from './study/maps/options.js'
export { reproduce, type StudyResult } from './study/maps/reproduce.js'
export { type StudyStatus, studyStatus } from './study/status.js'
