/**
 * Builds the package's binaries into prebuilds/, which `npm pack` includes. `npm run build:prebuilds` builds for this
 * machine's platform; `npm run build:prebuilds -- linux-arm64` cross-compiles with Debian's g++-aarch64-linux-gnu.
 */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { arch, argv, env, execPath, exit, platform, stderr } from 'node:process'
import { fileURLToPath } from 'node:url'
import { build, refusal } from './build.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Node.js 20 itself needs glibc 2.28. */
const GLIBC = 28

const crossed = argv[2]
if (crossed !== undefined && crossed !== 'linux-arm64') throw new Error(`there is no toolchain for ${crossed}`)
const folder = crossed === undefined ? 'native/build' : `build/${crossed}`

env.SHIFTSCOPE_PORTABLE = '1'
const toolchain = `--CDCMAKE_TOOLCHAIN_FILE=${join(ROOT, `native/${crossed}.cmake`)}`
const cause = build(folder, crossed === undefined ? [] : [toolchain])
if (cause !== undefined) {
  stderr.write(refusal(cause))
  exit(1)
}

if (platform === 'linux') checkGlibc(join(ROOT, folder, 'Release/shiftscope.node'))
const copy = join(dirname(createRequire(import.meta.url).resolve('pkg-prebuilds')), 'bin/copy.mjs')
const target = ['--arch', crossed === undefined ? arch : 'arm64']
const names = ['--source', 'shiftscope.node', '--name', 'shiftscope', '--napi_version', '8']
execFileSync(execPath, [copy, '--baseDir', join(folder, 'Release'), ...names, ...target], {
  cwd: ROOT,
  stdio: 'ignore',
})

/** @throws Error if the addon needs a glibc newer than 2.28 */
function checkGlibc(path) {
  const versions = execFileSync('readelf', ['--version-info', '--wide', path], { encoding: 'utf8' })
  const newer = [...versions.matchAll(/GLIBC_2\.(\d+)/g)].filter(([, minor]) => Number(minor) > GLIBC)
  if (newer.length > 0)
    throw new Error(
      `${path} needs ${newer[0][0]}, newer than 2.${GLIBC}: define the missing symbol in native/portable.cpp`,
    )
}
