import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InferenceSession } from 'onnxruntime-node'
import { z } from 'zod'
import type { Placement } from './deviceMessages.js'

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

/** A folder for one session's profile, whose options it gives; the profile is there once the session's ends. */
export interface ProfileFolder {
  readonly options: InferenceSession.SessionOptions
  read(session: InferenceSession): Promise<Placement>
}

export async function profileFolder(): Promise<ProfileFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'shiftscope-profile-'))
  return {
    options: { enableProfiling: true, profileFilePrefix: join(folder, 'profile') },
    read: async (session) => {
      try {
        session.endProfiling()
        const [file] = await readdir(folder)
        return placementOf(await readFile(join(folder, file as string), 'utf8'))
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}
