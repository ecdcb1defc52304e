import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { start } from '../support/commandLine.js'

it('leaves the telemetry of ONNX Runtime switched off', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  try {
    const places = { TMPDIR: folder, XDG_CACHE_HOME: folder, HOME: folder, SHIFTSCOPE_CACHE: join(folder, 'cache') }
    const { ended } = start(['models', 'verify', 'tiny-alexnet'], { ...places, ORT_DISABLE_TELEMETRY: '' })
    expect((await ended).status).toBe(0)
    // Else it keeps what it is going to send in `Microsoft`, and a log in `mat-debug-<process>.log`.
    expect(readdirSync(folder).filter((name) => name !== 'cache')).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
