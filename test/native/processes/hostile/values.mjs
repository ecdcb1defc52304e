/**
 * A seeded source of chance: SplitMix32.
 *
 * @param {number} seed
 */
export function randomOf(seed) {
  let state = Math.imul(seed, 0x85ebca6b) >>> 0
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0
    let x = state
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
    return (x ^ (x >>> 15)) >>> 0
  }
  /** From 0 to below `limit`. */
  const below = (limit) => Math.floor((next() / 2 ** 32) * limit)
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: (from) => from[below(from.length)],
  }
}

const numbers = [0, -0, 1, -1, 0.5, Number.NaN, Infinity, -Infinity, 5e-324, 255, 256, 65535, 65536]
const large = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 50, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64, 1e308]

/** A value of any type, seldom one that fits. */
export function anything(random) {
  return random.pick([
    () => undefined,
    () => null,
    () => random.chance(0.5),
    () => random.pick([...numbers, ...large]),
    () => random.pick(['', '1', 'hinge', 'rgb', '\0', 'x'.repeat(70_000)]),
    () => BigInt(random.below(5)),
    () => Symbol('any'),
    () => ({}),
    () => Object.create(null),
    () => [],
    () => [1, 2, 3],
    () => new Array(3),
    () => Object.freeze([Number.NaN, 'x', {}]),
    () => () => 1,
    () => new Proxy({}, {}),
    () => new Proxy([1, 2, 3], {}),
    () => new ArrayBuffer(8),
    () => new SharedArrayBuffer(8),
    () => new DataView(new ArrayBuffer(8)),
    () => new BigInt64Array(3),
    () => new Date(),
    () => anyArray(random),
  ])()
}

const integerTypes = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Int32Array, Uint32Array]

/** A typed array of any type and kind. */
function anyArray(random) {
  const type = random.pick([...integerTypes, Float32Array, Float64Array])
  return viewOf(random, type, random.below(9), random.pick(kinds))
}

/** Memory that views may be on. */
export const fitting = ['plain', 'offset', 'shared', 'growable', 'tracking', 'scribbled']
export const kinds = [...fitting, 'resizable', 'shrunk', 'detached']

/** Memory that a worker writes into all the time. */
export const scribbled = new SharedArrayBuffer(1 << 16)

/**
 * A typed array whose memory is of a kind. Some hold less than `length` elements by then.
 */
export function viewOf(random, type, length, kind) {
  const bytes = length * type.BYTES_PER_ELEMENT
  const shared = (more) => new SharedArrayBuffer(bytes, { maxByteLength: bytes + more })
  const views = {
    plain: () => new type(length),
    offset: () => new type(new ArrayBuffer(bytes + 64), 8 * random.below(8), length),
    shared: () => new type(new SharedArrayBuffer(bytes + 8), 8, length),
    growable: () => {
      const array = new type(shared(64), 0, length)
      array.buffer.grow(bytes + 64)
      return array
    },
    tracking: () => new type(shared(64)),
    scribbled: () =>
      bytes > scribbled.byteLength - 64 ? new type(length) : new type(scribbled, 8 * random.below(8), length),
    resizable: () => new type(new ArrayBuffer(bytes, { maxByteLength: bytes + 8 }), 0, length),
    shrunk: () => {
      const array = new type(new ArrayBuffer(bytes + 8, { maxByteLength: bytes + 8 }), 0, length)
      array.buffer.resize(0)
      return array
    },
    detached: () => {
      const array = new type(length)
      transfer(array)
      return array
    },
  }
  return views[kind]()
}

/** Takes an array's memory away from it, if it can be taken. */
export function transfer(array) {
  const { buffer } = array
  if (buffer instanceof ArrayBuffer && buffer.byteLength > 0) structuredClone(buffer, { transfer: [buffer] })
}
