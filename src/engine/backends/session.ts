import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import type { RunnableGraph } from '../../networks/index.js'
import { prepareEnvironment } from '../../support/machine.js'
import { type Device, executionProviders } from '../device.js'

/**
 * Opens a graph on the processor, with its own threads.
 * @param isPooled whether the memory of a run is kept for the next one; this helps if the tensors keep their sizes
 */
export function openSession(
  { onnxPath, optimization = 'all' }: RunnableGraph,
  threads: number,
  isPooled = true,
): Promise<ort.InferenceSession> {
  prepareEnvironment()
  return ort.InferenceSession.create(onnxPath, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: isPooled,
    graphOptimizationLevel: optimization,
    logSeverityLevel: 3,
  })
}

/**
 * Opens a graph on a device.
 * @param profileFolder an empty folder for the record of where each operator runs; without a folder nothing is recorded
 */
export function openDeviceSession(
  { onnxPath, optimization = 'all' }: RunnableGraph,
  device: Device,
  profileFolder?: string,
): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(onnxPath, {
    executionProviders: executionProviders(device),
    graphOptimizationLevel: optimization,
    logSeverityLevel: 3,
    ...(profileFolder !== undefined && { enableProfiling: true, profileFilePrefix: join(profileFolder, 'profile') }),
  })
}

/** Where the operators of a graph ran. */
export interface Placement {
  /** Runs of operators by ONNX Runtime's name of the provider. */
  readonly operators: Readonly<Record<string, number>>
  /** Runs of heavy operators only: convolutions and matrix products. */
  readonly heavy: Readonly<Record<string, number>>
}

/** Where the operators of a session on a device ran so far; ends the recording. */
export async function readPlacement(session: ort.InferenceSession, profileFolder: string): Promise<Placement> {
  session.endProfiling()
  const [file] = await readdir(profileFolder)
  return placementOf(await readFile(join(profileFolder, file as string), 'utf8'))
}

/**
 * The fields of ONNX Runtime's records that are read here. Records of other kinds have neither operator nor provider.
 */
interface ProfileRecord {
  readonly args?: { readonly op_name?: string; readonly provider?: string }
}

const HEAVY = /Conv|Gemm|MatMul/

/** Where the operators ran, read from the text of an ONNX Runtime profile. */
export function placementOf(profile: string): Placement {
  const operators: Record<string, number> = {}
  const heavy: Record<string, number> = {}
  for (const { args } of JSON.parse(profile) as readonly ProfileRecord[]) {
    if (args?.op_name === undefined || args.provider === undefined) continue
    operators[args.provider] = (operators[args.provider] ?? 0) + 1
    if (HEAVY.test(args.op_name)) heavy[args.provider] = (heavy[args.provider] ?? 0) + 1
  }
  return { operators, heavy }
}
