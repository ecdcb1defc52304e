import { execFile } from 'node:child_process'
import { copyFileSync, readFileSync, truncateSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { leftOut } from '../support/leftOut.js'
import { onnxGolden } from '../support/onnxGoldens.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const PROGRAM = join(import.meta.dirname, 'processes/limitedInspection.mjs')
const MEBIBYTE = 2 ** 20

it.skipIf(leftOut(process.platform === 'win32', 'Windows has no ulimit'))(
  'an inspection reads data beside the ONNX file in place: it needs no file as large as the data',
  async () => {
    const model = folder('external.onnx')
    const data = join(dirname(onnxGolden('external')), 'external.data')
    copyFileSync(onnxGolden('external'), model)
    copyFileSync(data, folder('external.data'))
    truncateSync(folder('external.data'), 4 * MEBIBYTE)
    // The shell's unit is 512 bytes or a kibibyte, so files may have half a mebibyte or one.
    const command = `ulimit -f 1024; exec "${process.execPath}" "${PROGRAM}" "${model}"`
    const { stdout } = await promisify(execFile)('sh', ['-c', command])
    expect(JSON.parse(stdout)).toContain('features')
    expect(readFileSync(folder('external.data')).subarray(0, 16)).toEqual(readFileSync(data).subarray(0, 16))
  },
)
