/**
 * Writes units with made-up numbers for a study of the paper's size, to time `report`. It has 6 networks (AlexNet with
 * fc6, fc7 and fc8, the others with fc), two patch sizes at stride 1, and 200 patches: 1.5 GB in all.
 *
 *   npm run build && node bench/synthesise_study.mjs FOLDER [patches]
 *   /usr/bin/time -v node dist/cli/main.js report FOLDER
 *
 * Each map is a hill around the anchor with a grid of the network's stride, a tenth as strong for anti-aliased
 * networks.
 */
import { ANCHOR_NAMES, anchorPositions } from '../dist/engine/positions.js'
import { measureLayer } from '../dist/results/measures.js'
import { UNIT_FORMAT } from '../dist/results/unit/schema.js'
import { writeUnit } from '../dist/results/unit/store.js'

const NETWORKS = ['alexnet', 'resnet50', 'mobilenet_v2'].flatMap((name) => [name, `${name}-aa`])
const SIZES = [125, 75]
const SCHEMES = ['ordered', 'shuffled', 'transposed']
const CATEGORIES = ['car', 'airplane', 'boat', 'dog', 'bird', 'zebra', 'orange', 'banana', 'clock', 'laptop']

const [folder, count = '200'] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node bench/synthesise_study.mjs FOLDER [patches]')
  process.exit(2)
}

/** Numbers from 0 to below 1, the same in every run (mulberry32). */
function randomNumbers(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

function layersOf(model) {
  if (!model.startsWith('alexnet')) return [{ name: 'fc', dims: 1000 }]
  return [
    { name: 'fc6', dims: 4096 },
    { name: 'fc7', dims: 4096 },
    { name: 'fc8', dims: 1000 },
  ]
}

/** 1 − similarity of each position with each anchor, [layers, 5, side, side]. */
function slopes(model, layers, side) {
  const period = model.startsWith('alexnet') ? 8 : 32
  const grid = model.endsWith('-aa') ? 0.0004 : 0.004
  const anchors = anchorPositions(side)
  return Float32Array.from({ length: layers.length * anchors.length * side * side }, (_, i) => {
    const position = i % (side * side)
    const map = Math.floor(i / (side * side))
    const [row, col] = [Math.floor(position / side), position % side]
    const anchor = anchors[map % anchors.length]
    const width = 150 * (1 + Math.floor(map / anchors.length))
    const distance = Math.hypot((row - anchor.row) * 1.3, col - anchor.col) / width
    const wave = (2 - Math.cos((2 * Math.PI * row) / period) - Math.cos((2 * Math.PI * col) / period)) * grid
    return distance === 0 ? 0 : 1 - Math.exp(-(distance ** 2)) + wave
  })
}

/**
 * Made-up answers: one position in ten has another answer than the center. The probability of the center's answer falls
 * with the similarity.
 */
function answersOf(maps, layer, side) {
  const center = maps.subarray((layer * 5 + 2) * side * side, (layer * 5 + 3) * side * side)
  const ofCenter = Float32Array.from(center, (value) => Math.max(0, Math.min(1, value)) * 0.9)
  const strongest = Float32Array.from(center, (_, i) => (i % 10 === 9 ? 1 : 0))
  const probability = ofCenter.map((value, i) => (strongest[i] === 1 ? (1 + value) / 2 : value))
  return {
    stored: {
      center: { class: 0, probability: 0.9 },
      right: null,
      kept: 0.9,
      least: ofCenter.reduce((least, value) => Math.min(least, value)),
      names: { 0: 'this', 1: 'that' },
    },
    maps: Float32Array.from([...strongest, ...probability, ...ofCenter]),
  }
}

/** Accuracies per fold for made-up features that contain only the position, or only its phase. */
const bands = [0.75, 1, 1, 1, 0.75]
const [all, half] = [1, 0.6].map((accuracy) => new Array(5).fill(accuracy))
const byPosition = Object.fromEntries(
  SCHEMES.map((scheme) => [
    scheme,
    {
      'left-right': scheme === 'transposed' ? bands : all,
      'top-bottom': scheme === 'ordered' ? bands : all,
    },
  ]),
)
const byPhase = Object.fromEntries(SCHEMES.map((scheme) => [scheme, { 'left-right': half, 'top-bottom': half }]))

const task = (mean, std) => ({ folds: [mean, mean, mean, mean, mean], mean, std, gap: 1e-7, notConverged: [] })

for (const model of NETWORKS) {
  for (const size of SIZES) {
    const side = 224 - size + 1
    const layers = layersOf(model)
    const base = slopes(model, layers, side)
    const anchors = anchorPositions(side)
    const maps = new Float32Array(base.length)
    for (let patch = 0; patch < Number(count); patch++) {
      const random = randomNumbers(patch * 1000 + size)
      const scale = 0.8 + 0.4 * random()
      for (let i = 0; i < maps.length; i++) maps[i] = 1 - base[i] * scale
      const last = answersOf(maps, layers.length - 1, side)
      const described = layers.map(({ name, dims }, layer) => {
        const foldErrors = { position: 0.02 + 0.01 * random(), phase: 0.3 }
        const consistency = { horizontal: 0.9 + 0.05 * random(), vertical: 0.88 + 0.05 * random() }
        const known = {
          name,
          dims,
          similarity: Object.fromEntries(
            ANCHOR_NAMES.map((anchor, j) => {
              const map = maps.subarray((layer * 5 + j) * side * side, (layer * 5 + j + 1) * side * side)
              let [sum, min] = [0, 1]
              for (const value of map) {
                sum += value
                if (value < min) min = value
              }
              return [anchor, { row: anchors[j].row, col: anchors[j].col, mean: sum / map.length, min }]
            }),
          ),
          answers: layer === layers.length - 1 ? last.stored : null,
          baselines: { period: 32, position: byPosition, phase: byPhase },
          separability: Object.fromEntries(
            SCHEMES.map((scheme) => {
              const [low, high] = [task(0.9 - 0.01 * random(), 0.12), task(1 - 0.01 * random(), 0.01)]
              const [leftRight, topBottom] =
                scheme === 'ordered' ? [high, low] : scheme === 'transposed' ? [low, high] : [high, high]
              return [scheme, { 'left-right': leftRight, 'top-bottom': topBottom }]
            }),
          ),
        }
        const measures = measureLayer({
          ...known,
          ...{ rows: side, cols: side, stride: 1 },
          maps: maps.subarray(layer * 5 * side * side, (layer + 1) * 5 * side * side),
          foldErrors,
          consistency,
        })
        return { ...known, measures }
      })
      const category = CATEGORIES[patch % CATEGORIES.length]
      const inputs = {
        format: UNIT_FORMAT,
        model,
        weightsSha256: model,
        layers: layers.map(({ name }) => name),
        patch: `${category}-${String(patch).padStart(3, '0')}`,
        patchSha256: `patch ${patch}`,
        category,
        size,
        stride: 1,
        background: 'white',
        blend: 'hard',
        separability: { loss: 'hinge', C: 1, seed: 0, cv: SCHEMES },
        keepsFeatures: false,
      }
      const anchorFeatures = layers.map(({ dims }) => Float32Array.from({ length: 5 * dims }, () => random() - 0.4))
      await writeUnit(
        folder,
        { inputs, rows: side, cols: side, layers: described },
        {
          maps,
          anchorFeatures,
          answers: layers.map((_, layer) => (layer === layers.length - 1 ? last.maps : undefined)),
        },
      )
    }
    console.error(`${model} ${size}: ${count} units`)
  }
}
