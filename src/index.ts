/**
 * Shiftscope as a library: measures what the features of a convolutional network do when an object moves across the
 * image. Every function's documentation gives shapes, units, errors and source.
 */

export type { Answers } from './api/answers.js'
export { type Arithmetic, type ArithmeticOptions, arithmetic } from './api/arithmetic.js'
export {
  type BenchExtractionOptions,
  type BenchNetworkOptions,
  type BenchSeparabilityOptions,
  type BenchSimilarityOptions,
  type BenchUnitOptions,
  benchExtraction,
  benchSeparability,
  benchSimilarity,
  benchUnits,
} from './api/bench.js'
export { type Diagnosis, examine } from './api/doctor.js'
export { type ExtractOptions, extract } from './api/extract.js'
export type {
  ExtractedLayer,
  Extraction,
  FeatureRows,
  NetworkComparison,
  NetworkExtractOptions,
  PlacementOptions,
  RowOptions,
} from './api/extraction.js'
export type { FeatureArray, FeatureInput, FeatureLayers, LayerResults } from './api/features.js'
export { type NetworkOptions, type OpenNetwork, openNetwork } from './api/openNetwork.js'
export {
  type CocoPatchesOptions,
  cocoPatches,
  type ListedPatch,
  listPatches,
  type OwnPatchesOptions,
  ownPatches,
  type PatchFolder,
} from './api/patches.js'
export {
  type FeatureSeparability,
  type ManySchemes,
  type OneScheme,
  type SchemeSeparability,
  type SeparabilityOptions,
  separability,
} from './api/separability.js'
export { type AnchorSimilarity, type Similarity, type SimilarityOptions, similarity } from './api/similarity.js'
export { type FeaturePage, type ViewOptions, viewFeatures } from './api/view.js'
export {
  benchComposite,
  type CompositeBench,
  type CompositeBenchOptions,
  type CompositeBenchRow,
} from './bench/composite.js'
export type { CosineBench, CosineBenchCard, CosineBenchCardRow, CosineBenchRow } from './bench/cosine.js'
export type { ExtractBench } from './bench/extract.js'
export type { SvmBench, SvmBenchCard, SvmBenchPeer, SvmBenchProblem } from './bench/svm.js'
export type { UnitBench } from './bench/unit.js'
export { type SlurmOptions, type SlurmSubmission, submitSlurm } from './cluster/submit.js'
export { COMPOSITING, type Compositing, type ExecutionRecord } from './engine/choice.js'
export { DEVICE_NAMES, type DeviceName } from './engine/device.js'
export type { NoiseFloor } from './engine/noiseFloor.js'
export { ANCHOR_NAMES, type AnchorName, POSITION_ORDERS, type PositionOrder } from './engine/positions.js'
export { type ComputedRecord, REUSE, type ReuseChoice, type ReuseRecord } from './engine/reuse/record.js'
export type { Settings } from './engine/task.js'
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
export type { ClassifierRecord } from './experiments/classifiers.js'
export {
  type ArithmeticErrors,
  type LayerArithmetic,
  ORIGINS,
  type Origin,
  type OriginResult,
} from './experiments/featureArithmetic.js'
export { FOLD_SCHEMES, type FoldScheme, TASKS, type Task } from './experiments/folds.js'
export type { FramePixels } from './experiments/objectScene.js'
export { LOSSES, type Loss, type Separability, type TaskSeparability } from './experiments/separability.js'
export type { SimilarityMaps } from './experiments/similarity.js'
export { type Exploration, type ExploreOptions, explore } from './explore/explore.js'
export { type NpyArray, readNpy, writeNpy } from './files/npy.js'
export type { InstructionSet, WriteBandwidth } from './native.js'
export type { GeneratorEntry, ModelEntry } from './networks/catalog.js'
export {
  type CatalogEntry,
  type Classes,
  cacheFolder,
  catalog,
  type HubModelStatus,
  type HubPullOptions,
  INPUT_PRESETS,
  type InputOptions,
  type InputPreset,
  type InspectedTensor,
  importWeights,
  inspectModel,
  isHubReference,
  licenceText,
  listHubModels,
  listNetworks,
  type ModelInspection,
  type Network,
  type NetworkChoice,
  type NetworkStatus,
  POOLS,
  type Pool,
  PRECISIONS,
  type Precision,
  type PulledHubFile,
  type PulledHubModel,
  type PulledWeights,
  type PullOptions,
  pullHubModel,
  pullWeights,
  verifyNetwork,
  type WeightsCheck,
  weightsCommand,
} from './networks/index.js'
export type { ImportedWeights } from './networks/library.js'
export type { FeatureLayer, NetworkInput } from './networks/network.js'
export type { TypedTensor } from './networks/onnx/interface.js'
export type { Verification, VerifiedLayer } from './networks/verification.js'
export type { ManifestPatch, PatchFailure } from './patches/patchFolder.js'
export type { PatchInput, PatchPixels } from './patches/patchInput.js'
export type { ProgressEvent, ProgressListener, ProgressMeasure } from './progress.js'
export type { ColourLimits } from './report/colormap.js'
export type { Evidence, Lean, Signs } from './report/findings/evidence.js'
export { type ClaimFinding, isTooSmall, type Verdict } from './report/findings/findings.js'
export { type Report, type ReportOptions, writeReport } from './report/report.js'
export type { ArithmeticDocument } from './results/arithmeticDocument.js'
export { type OpenResultsOptions, openResults } from './results/openResults.js'
export type { SummaryRow } from './results/rows.js'
export type { OpenUnit } from './results/unit/open.js'
export type { Unit, UnitInputs } from './results/unit/schema.js'
export { estimateStudy, type MissingWeights, type StudyEstimate } from './study/estimate.js'
export { EXPERIMENTS, type Experiment, type StudyOptions } from './study/options.js'
export { reproduce, type StudyResult } from './study/run.js'
export type { ReproduceOptions } from './study/runOptions.js'
export { type StudyStatus, studyStatus } from './study/status.js'
