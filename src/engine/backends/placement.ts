import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { InferenceSession } from 'onnxruntime-node'
import { z } from 'zod'
import type { Placement } from './messages.js'

/** Records of other kinds have neither operator nor provider. */
const profileSchema = z.array(
  z.object({ args: z.object({ op_name: z.string(), provider: z.string() }).partial().optional() }),
)

const HEAVY = /Conv|Gemm|MatMul/

/** Where the operators ran, by the text of a profile of ONNX Runtime. */
export function placementOf(profile: string): Placement {
  const operators: Record<string, number> = {}
  const heavy: Record<string, number> = {}
  for (const { args } of profileSchema.parse(JSON.parse(profile))) {
    if (args?.op_name === undefined || args.provider === undefined) continue
    operators[args.provider] = (operators[args.provider] ?? 0) + 1
    if (HEAVY.test(args.op_name)) heavy[args.provider] = (heavy[args.provider] ?? 0) + 1
  }
  return { operators, heavy }
}

/** Options of a session whose profile comes into a folder of its own once it is read. */
export function profileOptions(folder: string): InferenceSession.SessionOptions {
  return { enableProfiling: true, profileFilePrefix: join(folder, 'profile') }
}

/** Where the operators of such a session ran so far; ends the recording. */
export async function readPlacement(session: InferenceSession, folder: string): Promise<Placement> {
  session.endProfiling()
  const [file] = await readdir(folder)
  return placementOf(await readFile(join(folder, file as string), 'utf8'))
}
