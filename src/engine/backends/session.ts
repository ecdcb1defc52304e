import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import type { RunnableGraph } from '../../network.js'
import { prepareEnvironment } from '../../support/machine.js'
import { type Device, executionProviders } from '../devices/device.js'
import { PROVIDERS } from '../devices/providers.js'

/** @param isPooled whether to keep memory from run to run; this is faster only if the tensors keep their sizes */
export function openSession(
  { onnxPath, optimization = 'all' }: RunnableGraph,
  threads: number,
  isPooled = true,
): Promise<ort.InferenceSession> {
  prepareEnvironment()
  return ort.InferenceSession.create(onnxPath, {
    executionProviders: [PROVIDERS.cpu.backend],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: isPooled,
    graphOptimizationLevel: optimization,
    logSeverityLevel: 3,
  })
}

/** @param profileFolder an empty folder for ONNX Runtime's profile, which lists the provider of each operator */
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

/**
 * Number of operator runs on each execution provider. The keys are ONNX Runtime's names, such as
 * `CUDAExecutionProvider`.
 */
export interface Placement {
  readonly operators: Readonly<Record<string, number>>
  /** Number of runs of convolutions and matrix products only. */
  readonly heavy: Readonly<Record<string, number>>
}

export async function readPlacement(session: ort.InferenceSession, profileFolder: string): Promise<Placement> {
  session.endProfiling()
  const [file] = await readdir(profileFolder)
  return placementOf(await readFile(join(profileFolder, file!), 'utf8'))
}

/** Fields of an operator's record in ONNX Runtime's profile. Records of other kinds lack them. */
interface ProfileRecord {
  readonly args?: { readonly op_name?: string; readonly provider?: string }
}

const HEAVY = /Conv|Gemm|MatMul/

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
