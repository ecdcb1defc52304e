/** Builds the addon with cmake-js. `npm run build:native` runs this file; install.mjs calls it if no binary loads. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { argv, execPath, exit, platform, report, stderr } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const CAUSES = [
  [/CMake (executable is not found|is not installed)/i, 'CMake is not installed'],
  [/Compiler toolset is not available|No CMAKE_CXX_COMPILER could be found/, 'there is no C++ compiler'],
  [/unable to find a build program/, 'there is neither Ninja nor make'],
]

/**
 * @param {string} folder build folder, relative to the package's root
 * @param {readonly string[]} options options of cmake-js
 * @returns {string | undefined} why the build failed, or undefined; if the cause is unknown, prints the tools' output
 */
export function build(folder = 'native/build', options = []) {
  forgetOtherPlace(join(ROOT, folder))
  const cmake = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js')
  for (const command of [['configure'], ['compile', '--parallel', '4']]) {
    const words = [cmake, ...command, '--out', folder, '--log-level', 'error', ...options]
    const { status, stdout, stderr: said } = spawnSync(execPath, words, { cwd: ROOT, encoding: 'utf8' })
    if (status === 0) continue
    const output = stdout + said
    const cause = CAUSES.find(([pattern]) => pattern.test(output))?.[1]
    if (cause === undefined) stderr.write(output)
    return cause ?? 'the build tools failed with the output above'
  }
  return undefined
}

/** Removes the build folder of a moved or copied checkout. CMake refuses a folder that it made for another path. */
function forgetOtherPlace(folder) {
  let cache
  try {
    cache = readFileSync(join(folder, 'CMakeCache.txt'), 'utf8')
  } catch {
    return
  }
  const place = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(cache)?.[1]
  if (place === undefined || join(place, '.') !== join(ROOT, '.')) rmSync(folder, { recursive: true, force: true })
}

/** Whether this is a Linux without glibc, such as Alpine with its C library musl. ONNX Runtime needs glibc there. */
export function lacksGlibc() {
  return platform === 'linux' && report.getReport().header.glibcVersionRuntime === undefined
}

/** The one-line message for a failed build. */
export function refusal(cause) {
  return `shiftscope: the native addon cannot be built: ${cause}; install CMake 3.21 or newer and a C++20 compiler (g++ 12, clang 14, Visual Studio 2022) and install again, or use a platform that the package has a binary for (Linux and Windows on x64 or arm64, macOS on arm64)\n`
}

if (import.meta.url === pathToFileURL(argv[1]).href) {
  const cause = build()
  if (cause !== undefined) {
    stderr.write(refusal(cause))
    exit(1)
  }
}
