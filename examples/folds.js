// Do folds make top and bottom hard to separate? Compares accuracies with a network's features and with features that
// contain only the position, for folds by rows, by columns and at random.
//
//   npm run folds
import { openNetwork, separability } from 'shiftscope'

const cv = ['ordered', 'transposed', 'shuffled']

/**
 * Features [side, side, 2]: row and column of each position, times 3. With this factor, as in the tables of a study, no
 * position lies inside a classifier's margin.
 */
function positions(side) {
  const data = Float32Array.from({ length: 2 * side * side }, (_, i) => {
    const position = Math.floor(i / 2)
    return 3 * (i % 2 === 0 ? Math.floor(position / side) : position % side)
  })
  return { data, shape: [side, side, 2] }
}

const network = await openNetwork('tiny-alexnet')
const features = await network.extract({ patch: 'dog', size: 125, stride: 8 })
await network.close()
const [side] = features.layers[0].shape
const layers = [...features.layers, { name: 'position only', ...positions(side) }]
const rows = []
for (const layer of layers) {
  const { schemes } = await separability(layer, { cv })
  for (const scheme of cv) {
    const { 'left-right': sides, 'top-bottom': ends } = schemes[scheme]
    rows.push({
      features: layer.name,
      folds: scheme,
      'left-right': sides.mean?.toFixed(3),
      'top-bottom': ends.mean?.toFixed(3),
    })
  }
}
console.table(rows)
