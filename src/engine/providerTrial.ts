import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { Network } from '../networks/index.js'
import { workerFile } from './pool.js'

/** A provider that gives no answer in this time is taken for unusable, in milliseconds. */
const TRIAL_TIMEOUT = 60_000

/** Whether an execution provider ran a network here, and how fast a single image went through. */
export type ProviderTrial =
  | { readonly provider: string; readonly runs: true; readonly milliseconds: number }
  | { readonly provider: string; readonly runs: false; readonly reason: string }

const answerSchema = z.object({ milliseconds: z.number() })

/** Runs a network on a provider in a child process of its own, since a broken driver may take its process down. */
export async function tryProvider(provider: string, network: Network): Promise<ProviderTrial> {
  const request = JSON.stringify({ provider, onnxPath: network.onnxPath, input: network.input })
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [fileURLToPath(workerFile('engine/providerTrialProcess.js')), request],
      { timeout: TRIAL_TIMEOUT },
    )
    return { provider, runs: true, ...answerSchema.parse(JSON.parse(stdout)) }
  } catch (error) {
    return { provider, runs: false, reason: reasonOf(error) }
  }
}

function reasonOf(error: unknown): string {
  const { killed, signal, stderr } = error as { killed?: boolean; signal?: string | null; stderr?: string }
  if (killed) return `gave no answer in ${TRIAL_TIMEOUT / 1000} s`
  if (signal) return `crashed (${signal})`
  const lines = (stderr ?? '').split('\n').filter((line) => line.startsWith('error: '))
  return (
    lines[0]?.slice('error: '.length) ??
    (error instanceof Error ? (error.message.split('\n')[0] as string) : String(error))
  )
}
