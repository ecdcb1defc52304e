/**
 * How many small changes of native/core the C++ tests notice.
 *
 *     npm run mutation:native -- [--seed N] [--count N]
 *
 * In a copy of the sources, one operator or number at a time is changed to its neighbour, and the tests are built and run. A
 * change that does not compile is drawn again.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const COPY = 'build/mutation/native'
const CORE = `${COPY}/native/core`
const TEST_LIMIT_MS = 300_000
/** What stands in the source, with spaces around it as the formatter sets them, and what takes its place. */
const CHANGES = [
  [/ < /g, ' <= '],
  [/ <= /g, ' < '],
  [/ > /g, ' >= '],
  [/ >= /g, ' > '],
  [/ == /g, ' != '],
  [/ != /g, ' == '],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/ \* /g, ' / '],
  [/ \/ /g, ' * '],
  [/ \+= /g, ' -= '],
  [/ -= /g, ' += '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/std::min\(/g, 'std::max('],
  [/std::max\(/g, 'std::min('],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/\b0\b(?![.x])/g, '1'],
  [/\b1\b(?![.x])/g, '2'],
]
const NO_CODE = /^\s*(\/\/|#)|static_assert|\bthrow\b|operator|template/

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '24' } },
})
rmSync(CORE, { recursive: true, force: true })
mkdirSync(COPY, { recursive: true })
for (const name of ['CMakeLists.txt', 'native']) {
  cpSync(name, `${COPY}/${name}`, { recursive: true, filter: (path) => path !== 'native/build' })
}
build(['-S', COPY, '-B', `${COPY}/build`, '-DSHIFTSCOPE_CUDA=OFF'])
if (!noticesNothing()) throw new Error('the C++ tests fail before anything is changed')

const places = placesIn(readdirSync(CORE).filter((name) => name.endsWith('.cpp') && !name.endsWith('_reference.cpp')))
let survived = 0
let tried = 0
for (let draw = 0; tried < Number(values.count); draw++) {
  const at = createHash('sha256').update(`${values.seed} ${draw}`).digest().readUInt32LE() % places.length
  const { name, line, from, to, column } = places[at]
  const path = `${CORE}/${name}`
  const source = readFileSync(path, 'utf8')
  const lines = source.split('\n')
  const before = lines[line]
  lines[line] = before.slice(0, column) + to + before.slice(column + from.length)
  writeFileSync(path, lines.join('\n'))
  const compiles = build(['--build', `${COPY}/build`, '--target', 'shiftscope_test', '--parallel', '2'])
  if (compiles) {
    tried++
    const isNoticed = !noticesNothing()
    if (!isNoticed) survived++
    console.log(`${isNoticed ? 'noticed ' : 'SURVIVED'} ${name}:${line + 1}: ${lines[line].trim()}`)
    if (!isNoticed) console.log(`         for ${before.trim()}`)
  }
  writeFileSync(path, source)
}
console.log(`${tried - survived} of ${tried} changes noticed (seed ${values.seed})`)

function build(words) {
  return spawnSync('cmake', words, { stdio: 'ignore' }).status === 0
}

/** Whether all tests pass. */
function noticesNothing() {
  build(['--build', `${COPY}/build`, '--target', 'shiftscope_test', '--parallel', '2'])
  const { status } = spawnSync(`${COPY}/build/native/test/shiftscope_test`, { stdio: 'ignore', timeout: TEST_LIMIT_MS })
  return status === 0
}

function placesIn(names) {
  return names.sort().flatMap((name) =>
    readFileSync(`${CORE}/${name}`, 'utf8')
      .split('\n')
      .flatMap((text, line) => {
        if (NO_CODE.test(text)) return []
        const code = text.replace(/\/\/.*|"[^"]*"/g, (part) => ' '.repeat(part.length))
        return CHANGES.flatMap(([pattern, to]) =>
          [...code.matchAll(pattern)].map(({ index, 0: from }) => ({ name, line, column: index, from, to })),
        )
      }),
  )
}
