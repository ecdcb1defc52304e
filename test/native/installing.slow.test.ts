import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { leftOut } from '../support/leftOut.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUILT = join(ROOT, 'native/build/Release/shiftscope.node')
const RUNTIME = 'node_modules/onnxruntime-node'
const folder = temporaryFolder()

/** A package as npm lays it down: no sources, no addon unless one is put there, and packages that scripts may write to. */
function layPackage({ build, prebuilt }: { build?: string | Buffer; prebuilt?: string | Buffer } = {}): void {
  mkdirSync(folder('native'), { recursive: true })
  for (const name of ['build.mjs', 'install.mjs']) cpSync(join(ROOT, 'native', name), folder('native', name))
  for (const name of ['dist', 'bin', 'package.json']) cpSync(join(ROOT, name), folder(name), { recursive: true })
  mkdirSync(folder(RUNTIME), { recursive: true })
  for (const name of ['package.json', 'script'])
    cpSync(join(ROOT, RUNTIME, name), folder(RUNTIME, name), { recursive: true })
  mkdirSync(folder(RUNTIME, 'bin/napi-v6/linux/x64'), { recursive: true })
  for (const name of ['adm-zip', 'cmake-js', 'global-agent', 'pkg-prebuilds'])
    symlinkSync(join(ROOT, 'node_modules', name), folder('node_modules', name))
  const platform = `shiftscope-${process.platform}-${process.arch}`
  if (build !== undefined) put('native/build/Release/shiftscope.node', build)
  if (prebuilt !== undefined) put(`prebuilds/${platform}/node-napi-v8.node`, prebuilt)
}

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(folder(path)), { recursive: true })
  writeFileSync(folder(path), content)
}

function node(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_|onnxruntime_node_install/i.test(name))
  const whole = { ...Object.fromEntries(own), ...env }
  return spawnSync(process.execPath, words, { cwd: folder(), encoding: 'utf8', env: whole })
}

/** The level of the addon that the package loads, or why it loads none. */
function loaded(): string {
  const code = `import('./dist/native.js').then(({ instructionSet }) => console.log(instructionSet())).catch((error) => console.log(error.message))`
  return node(['-e', code]).stdout
}

/** A folder of these tools alone. */
function toolsFolder(...names: string[]): string {
  mkdirSync(folder('tools'))
  for (const name of names)
    symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), folder('tools', name))
  return folder('tools')
}

describe('the loader', () => {
  it('takes a build of this folder before the binary of the package', () => {
    layPackage({ build: readFileSync(BUILT), prebuilt: 'no addon' })
    expect(loaded()).toMatch(/^\w+\n$/)
  })

  it('takes the binary where the build cannot be loaded', () => {
    layPackage({ build: 'of another machine', prebuilt: readFileSync(BUILT) })
    expect(loaded()).toMatch(/^\w+\n$/)
  })

  it('says in one line what it tried and what to do', () => {
    layPackage()
    const platform = `${process.platform}-${process.arch}`
    const tried = `^[^\n]*no build in .*; no binary for ${platform} in the package.*install.* or run "npm run build:native" in .* needs CMake.*\n$`
    expect(loaded()).toMatch(new RegExp(tried))
    put('native/build/Release/shiftscope.node', 'no addon')
    put(`prebuilds/shiftscope-${platform}/node-napi-v8.node`, 'nor this')
    expect(loaded()).toMatch(/^[^\n]*the build [^\n]*Release[^\n]*; the binary: [^\n]*napi-v8[^\n]*\n$/)
  })
})

describe('npm install', () => {
  it('builds nothing where a binary loads, and says nothing', () => {
    layPackage({ prebuilt: readFileSync(BUILT) })
    const { status, stdout, stderr } = node(['native/install.mjs'], { PATH: '' })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(existsSync(folder('native/build'))).toBe(false)
  })

  it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))(
    'names cause and remedies in one line where it cannot build',
    () => {
      layPackage({ prebuilt: 'of a newer system' })
      const { status, stdout, stderr } = node(['native/install.mjs'], { PATH: toolsFolder('g++', 'make') })
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(stderr).toMatch(
        /^shiftscope: [^\n]*CMake is not installed; install CMake [^\n]*or use a platform[^\n]*\n$/,
      )
    },
  )

  it.skipIf(leftOut(process.platform !== 'linux', 'they need Linux'))(
    'says in one line that Alpine will not do',
    () => {
      layPackage({ prebuilt: readFileSync(BUILT) })
      const muslReport = 'process.report.getReport = () => ({ header: {} })'
      const { status, stdout, stderr } = node(['--import', `data:text/javascript,${muslReport}`, 'native/install.mjs'])
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(stderr).toMatch(/^shiftscope: [^\n]*musl[^\n]*; use a Linux with glibc, such as [^\n]*\n$/)
    },
  )

  it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))('tells a missing compiler', () => {
    layPackage()
    writeFileSync(folder('CMakeLists.txt'), 'cmake_minimum_required(VERSION 3.21)\nproject(addon LANGUAGES CXX)\n')
    const { status, stderr } = node(['native/build.mjs'], { PATH: toolsFolder('cmake', 'make'), CXX: '' })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^shiftscope: [^\n]*there is no C\+\+ compiler; install CMake [^\n]*\n$/)
  })

  it('builds again in a folder that was moved', () => {
    layPackage()
    mkdirSync(folder('first'))
    const project = 'cmake_minimum_required(VERSION 3.21)\nproject(addon LANGUAGES NONE)\nadd_custom_target(made ALL)\n'
    writeFileSync(folder('first/CMakeLists.txt'), project)
    for (const name of ['native', 'package.json', 'node_modules']) renameSync(folder(name), folder('first', name))
    expect(node(['first/native/build.mjs'])).toMatchObject({ status: 0, stderr: '' })
    put('first/native/build/kept', '')
    expect(node(['first/native/build.mjs'])).toMatchObject({ status: 0, stderr: '' })
    expect(existsSync(folder('first/native/build/kept'))).toBe(true)
    renameSync(folder('first'), folder('second'))
    expect(node(['second/native/build.mjs'])).toMatchObject({ status: 0, stderr: '' })
    expect(existsSync(folder('second/native/build/kept'))).toBe(false)
  })

  it.skipIf(leftOut(process.platform !== 'linux' || process.arch !== 'x64', 'they need Linux on x64'))(
    'keeps ONNX Runtime from downloading',
    () => {
      layPackage({ prebuilt: readFileSync(BUILT) })
      // Nobody answers there.
      const env = { GLOBAL_AGENT_HTTP_PROXY: 'http://127.0.0.1:9' }
      const script = [join(RUNTIME, 'script/install.js')]
      expect(node(script, env)).toMatchObject({ status: 1, stderr: expect.stringContaining('127.0.0.1:9') })
      expect(node(['native/install.mjs'], { ONNXRUNTIME_NODE_INSTALL: 'cuda12' }).status).toBe(0)
      expect(node(script, env).status).toBe(1)
      expect(node(['native/install.mjs']).status).toBe(0)
      expect(node(script, env)).toMatchObject({ status: 0, stderr: '' })
    },
  )
})

describe('a checkout', () => {
  it('says what to do where nothing was built', () => {
    cpSync(join(ROOT, 'bin'), folder('bin'), { recursive: true })
    writeFileSync(folder('package.json'), '{ "type": "module" }')
    expect(node(['bin/shiftscope.js'])).toMatchObject({
      status: 1,
      stderr: 'shiftscope: this checkout is not built; run "npm install" without --ignore-scripts\n',
    })
  })

  it("runs ONNX Runtime's script of no version of npm", () => {
    // npm writes it there again with every new version; npm before 11.16 has no other way to be told.
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
    expect(packages[RUNTIME].hasInstallScript).toBeUndefined()
    expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).allowScripts['onnxruntime-node']).toBe(false)
  })
})
