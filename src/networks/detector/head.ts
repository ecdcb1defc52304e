import type { Head, NetworkInput } from '../../network.js'
import { castNode } from '../../onnx/format/castNode.js'
import { ElementType } from '../../onnx/format/messages.js'
import { newNode } from '../../onnx/format/newNode.js'
import type { Initializer, Node } from '../../onnx/format/onnxModel.js'
import { cornerMatrix } from '../reference/boxFormat.js'
import type { DetectorForm } from './forms.js'

const named = (part: string) => `shiftscope.detections.${part}`

/** Tensors of the head: all boxes, all scores, and the rows of detections. */
export const HEAD = { boxes: named('boxes'), scores: named('scores'), rows: named('rows') } as const

function add(operator: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = {}): Node {
  return newNode(operator, inputs.map(named), named(output), attributes)
}

/**
 * Nodes that reduce boxes and scores to detections, [N, 5 · C]: for each class the best score over all boxes, and the
 * box that has it. Suppression of overlapping boxes would keep this box, so it is not needed. If several boxes have the
 * best score, the first one is taken.
 */
export function detectionNodes(
  form: DetectorForm,
  { layer, boxes }: Pick<Head, 'layer' | 'boxes'>,
  { rows, cols }: Pick<NetworkInput, 'rows' | 'cols'>,
): { readonly nodes: readonly Node[]; readonly constants: readonly Initializer[] } {
  const { boxAxis, columns, objectness } = form
  // Shapes in comments are for [N, A, K]. In [N, K, A], the last two axes change places.
  const columnAxis = 3 - boxAxis
  const same = [0, 1, 2]
  const turned = [0, 2, 1]
  const nodes = [
    castNode(form.boxes, named('boxes'), ElementType.FLOAT),
    castNode(form.scores, named('outputs'), ElementType.FLOAT),
    ...scoreNodes(form),
    // For each column the best box and its score, [N, 1, K], then for each class, [N, 1, C].
    add('ArgMax', ['scores'], 'boxOfColumn', { axis: boxAxis }),
    add('GatherElements', ['scores', 'boxOfColumn'], 'scoreOfColumn', { axis: boxAxis }),
    add('Gather', ['boxOfColumn', 'columns'], 'box', { axis: columnAxis }),
    add('Gather', ['scoreOfColumn', 'columns'], 'score', { axis: columnAxis }),
    // The four values of each class's box, [N, C, 4].
    add('Transpose', ['box'], 'place', { perm: turned }),
    add('Concat', ['place', 'place', 'place', 'place'], 'places', { axis: columnAxis }),
    add('GatherElements', ['boxes', 'places'], 'values', { axis: boxAxis }),
    // From here on rows, [N, 1, C] and [N, 4, C].
    add('Transpose', ['score'], 'scoreRow', { perm: boxAxis === 1 ? same : turned }),
    add('Transpose', ['values'], 'valueRows', { perm: boxAxis === 1 ? turned : same }),
    add('MatMul', ['matrix', 'valueRows'], 'corners'),
    add('Max', ['corners', 'zero'], 'positive'),
    add('Min', ['positive', 'frame'], 'clipped'),
    add('Concat', ['scoreRow', 'clipped'], 'rows', { axis: 1 }),
    newNode('Flatten', [named('rows')], layer),
  ]
  const constants = [
    { name: named('columns'), shape: [columns.length], int64: columns },
    ...(objectness === undefined ? [] : [{ name: named('objectness'), shape: [1], int64: [objectness] }]),
    { name: named('matrix'), shape: [4, 4], floats: cornerMatrix(boxes, rows, cols) },
    { name: named('zero'), shape: [], floats: [0] },
    { name: named('frame'), shape: [4, 1], floats: [cols, rows, cols, rows] },
  ]
  return { nodes, constants }
}

/** Nodes that turn `outputs` into scores from 0 to 1. */
function scoreNodes({ boxAxis, activation, objectness }: DetectorForm): readonly Node[] {
  const axis = 3 - boxAxis
  if (objectness !== undefined)
    return [
      add('Gather', ['outputs', 'objectness'], 'sureness', { axis }),
      add('Mul', ['outputs', 'sureness'], 'scores'),
    ]
  return [add(activation, ['outputs'], 'scores', activation === 'Softmax' ? { axis } : {})]
}
