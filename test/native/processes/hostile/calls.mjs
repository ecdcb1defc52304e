import { fitting, kinds, transfer, viewOf } from './values.mjs'

/** An array of numbers that fit, as long as asked for. */
function filled(random, type, length, draw) {
  const kind = random.pick(random.chance(0.05) ? kinds : fitting)
  const array = viewOf(random, type, length, kind)
  for (let i = 0; i < array.length; i++) array[i] = draw()
  return array
}

const features = (random, length) => filled(random, Float32Array, length, () => random.below(2000) / 1000 - 1)

/** Matrices on devices, some of them released. */
const uploaded = []

/** Features of this shape, or of another on a device. */
function matrixOf(random, rows, dims) {
  if (uploaded.length > 0 && random.chance(0.3)) return random.pick(uploaded)
  return { features: features(random, rows * dims), rows, dims }
}

const plain = { divisor: 255, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'rgb' }

const small = {
  ...{ patch: new Uint8Array(4), patchRows: 1, patchCols: 1, frameRows: 2, frameCols: 2, blend: 'hard' },
  ...{ background: { rgb: [1, 2, 3] }, normalisation: plain },
}

function compositorOptions(random) {
  const [patchRows, patchCols] = [random.between(1, 6), random.between(1, 6)]
  const [frameRows, frameCols] = [patchRows + random.below(9), patchCols + random.below(9)]
  const bytes = (length) => filled(random, Uint8Array, length, () => random.below(256))
  return {
    patch: bytes(patchRows * patchCols * 4),
    patchRows,
    patchCols,
    frameRows,
    frameCols,
    background: random.chance(0.5) ? { rgb: [1, 2, 3] } : { image: bytes(frameRows * frameCols * 3) },
    normalisation: { ...plain, channelOrder: random.pick(['rgb', 'bgr']) },
    blend: random.pick(['hard', 'soft']),
  }
}

function trainingOptions(random) {
  const problems = random.between(0, 4)
  const matrix = matrixOf(random, random.between(0, 60), random.between(1, 20))
  const { rows } = matrix
  return {
    ...matrix,
    labels: filled(random, Int8Array, problems * rows, () => random.between(-1, 1)),
    problems,
    C: random.pick([1e-6, 1, 1e6]),
    tolerance: random.pick([1e-9, 1e-3]),
    passLimit: random.between(1, 30),
    threads: random.between(1, 4),
    decisions: filled(random, Float64Array, problems * rows, () => 0),
    stop: random.chance(0.1) ? filled(random, Int32Array, 1, () => 0) : new Int32Array(new SharedArrayBuffer(4)),
  }
}

/** Every function of the addon with arguments that fit: what is called, and by what. Objects are options. */
export const calls = {
  newCompositor: (random, addon) => ({
    args: [compositorOptions(random)],
    call: (...args) => new addon.Compositor(...args) instanceof addon.Compositor,
  }),
  composite: (random, addon) => {
    const images = random.below(20)
    const offsets = filled(random, Int32Array, 2 * images, () => random.below(2))
    const compositor = new addon.Compositor(small)
    return {
      args: [offsets, filled(random, Float32Array, images * 12, () => 0)],
      call: (...args) => addon.Compositor.prototype.composite.apply(random.chance(0.95) ? compositor : args[0], args),
    }
  },
  cosineSimilarity: (random, addon) => {
    const { features: matrix, rows, dims } = matrixOf(random, random.below(300), random.between(1, 40))
    const anchorCount = random.below(6)
    const out = filled(random, Float32Array, anchorCount * rows, () => 0)
    const threads = random.between(1, 5)
    const anchors = features(random, anchorCount * dims)
    return {
      args: [matrix, rows, dims, anchors, anchorCount, threads, out],
      call: addon.cosineSimilarity,
    }
  },
  uploadFeatures: (random, addon) => {
    const [rows, dims] = [random.below(60), random.between(1, 20)]
    return {
      args: [features(random, rows * dims), rows, dims, random.below(3) * random.below(2)],
      call: async (...args) => {
        const { handle } = await addon.uploadFeatures(...args)
        if (handle !== undefined) uploaded.push({ features: handle, rows: args[1], dims: args[2] })
      },
    }
  },
  releaseFeatures: (random, addon) => ({
    args: [random.chance(0.5) ? uploaded.shift()?.features : random.pick([undefined, ...uploaded])?.features],
    call: addon.releaseFeatures,
  }),
  argmax: (random, addon) => {
    const [rows, dims] = [random.below(300), random.between(1, 40)]
    const out = filled(random, Int32Array, rows, () => 0)
    return { args: [features(random, rows * dims), rows, dims, random.between(1, 5), out], call: addon.argmax }
  },
  trainSvm: (random, addon) => ({ args: [trainingOptions(random)], call: addon.trainSvm }),
  instructionSet: (_random, addon) => ({ args: [], call: addon.instructionSet }),
}

/** All typed arrays in arguments or options. */
export function arraysIn(value) {
  if (ArrayBuffer.isView(value)) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(arraysIn) : []
}

/** What a getter throws. */
export const thrown = new Error('thrown by a getter')

/** A property that does something to the arrays of the call, or throws, before it gives its value. */
export function defineTrap(random, object, key, arrays) {
  const { value } = Object.getOwnPropertyDescriptor(object, key)
  const act = random.pick([
    () => {
      throw thrown
    },
    () => arrays.forEach(transfer),
    () => arrays.length > 0 && transfer(random.pick(arrays)),
    () => delete object[key],
    () => globalThis.gc?.(),
  ])
  Object.defineProperty(object, key, {
    configurable: true,
    enumerable: true,
    get() {
      act()
      return value
    },
  })
}
