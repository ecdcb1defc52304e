/**
 * Shiftscope as a library: measures what the features of a convolutional network do when an object moves across the
 * image. Every function's documentation gives shapes, units, errors and source.
 */

import './environment.js'

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
export { examine, type Finding } from './api/doctor.js'
export { type Extraction, type ExtractOptions, extract } from './api/extract.js'
export type { NetworkChoice } from './api/options.js'
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
  estimateStudy,
  type ReproduceOptions,
  reproduce,
  type StudyEstimate,
  type StudyResult,
} from './api/reproduce.js'
export { type FileSeparability, type SeparabilityOptions, separability } from './api/separability.js'
export { type AnchorSimilarity, type Similarity, type SimilarityOptions, similarity } from './api/similarity.js'
export { EXPERIMENTS, type Experiment, type StudyOptions } from './api/studyPlan.js'
export { benchComposite, type CompositeBench, type CompositeBenchOptions } from './bench/composite.js'
export type { CosineBench } from './bench/cosine.js'
export { COMPOSITING, type Compositing, type ExecutionRecord } from './engine/choice.js'
export { DEVICE_NAMES, type DeviceName } from './engine/device.js'
export type { NoiseFloor } from './engine/noiseFloor.js'
export { ANCHOR_NAMES, type AnchorName } from './engine/positions.js'
export type { Settings } from './engine/task.js'
export {
  DeviceError,
  InputError,
  InterruptedError,
  NetworkError,
  OutputError,
  ShiftscopeError,
  UsageError,
  WorkerError,
} from './errors.js'
export { type ArithmeticErrors, type LayerArithmetic, ORIGINS, type Origin } from './experiments/arithmetic.js'
export { FOLD_SCHEMES, type FoldScheme, TASKS, type Task } from './experiments/folds.js'
export { LOSSES, type Loss, type TaskSeparability } from './experiments/separability.js'
export {
  type CatalogEntry,
  cacheFolder,
  catalog,
  importWeights,
  licenceText,
  listNetworks,
  type Network,
  type NetworkStatus,
  PRECISIONS,
  type Precision,
  type PulledWeights,
  type PullOptions,
  pullWeights,
  verifyNetwork,
  type WeightsCheck,
  weightsCommand,
} from './networks/index.js'
export type { ManifestPatch, PatchFailure } from './patches/patchFolder.js'
export type { Progress, ProgressMeasure } from './progress.js'
export type { ClaimFinding } from './report/findings/findings.js'
export { type ReportOptions, writeReport } from './report/report.js'
export type { ArithmeticDocument } from './results/arithmetic.js'
export type { ArithmeticAccuracySummary, ArithmeticSummary, Rate } from './results/arithmeticSummary.js'
export type { Measure } from './results/metrics.js'
export type {
  MeasureSummary,
  NullBaselineSummary,
  SeparabilitySummary,
  SimilaritySummary,
  Summary,
  UnsolvedSummary,
} from './results/summary.js'
