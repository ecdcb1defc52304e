/**
 * The install script of `npm install`. In a checkout, it always builds the addon. In an installed package, it builds
 * the addon only if no binary loads. It prints nothing if all is well.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { arch, env, exit, platform, stderr } from 'node:process'
import { build, lacksGlibc, refusal } from './build.mjs'

if (lacksGlibc()) {
  stderr.write(
    'shiftscope: this Linux has no glibc (Alpine has musl instead), but ONNX Runtime needs it; use a Linux with glibc, such as the image node:24-slim\n',
  )
  exit(1)
}

const isCheckout = existsSync(new URL('../src', import.meta.url))
/** The first `npx shiftscope` in a checkout installs a link to it and runs this script. It must not wait here. */
const isLinked = isCheckout && env.npm_command === 'exec'

if (!isCheckout) declineCudaLibraries()
if (!isLinked && (isCheckout || !(await loads()))) {
  const cause = build()
  if (cause !== undefined) {
    stderr.write(refusal(cause))
    exit(1)
  }
}

/** Whether the package's own loader finds an addon. */
async function loads() {
  try {
    const { instructionSet } = await import('../dist/native.js')
    instructionSet()
    return true
  } catch {
    return false
  }
}

/**
 * Prevents a download of ONNX Runtime's CUDA libraries. Its own install script, which npm runs after this one, fetches
 * hundreds of megabytes from a host that is no package registry, even on machines without a GPU. If the download
 * fails, the whole installation fails. The script downloads nothing if the files exist, so this function creates empty
 * ones. If a user asks that script for the libraries, it overwrites the empty files.
 */
function declineCudaLibraries() {
  const asked = Object.keys(env).some((name) => /^(npm_config_)?onnxruntime_node_install/i.test(name))
  if (asked || platform !== 'linux' || arch !== 'x64') return
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  const folder = join(dirname(runtime), 'bin/napi-v6/linux/x64')
  for (const name of ['shared', 'cuda', 'tensorrt']) {
    const path = join(folder, `libonnxruntime_providers_${name}.so`)
    if (!existsSync(path)) writeFileSync(path, '')
  }
}
