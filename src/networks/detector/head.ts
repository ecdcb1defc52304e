import type { NetworkInput } from '../network.js'
import type { FeatureNodes } from '../onnx/featureNodes.js'
import { castNode } from '../onnx/halfPrecision.js'
import { ElementType } from '../onnx/messages.js'
import type { Node } from '../onnx/model.js'
import { newNode } from '../onnx/newNode.js'
import { cornerMatrix } from './boxes.js'
import type { DetectorForm } from './forms.js'

/** The version of ONNX's operators that brought GatherElements, which the head needs. */
export const HEAD_OPERATORS = 11

const named = (part: string) => `shiftscope.detections.${part}`

/**
 * Nodes that reduce boxes and scores to detections, [N, 5 · C]: for each class the best score over all boxes, and the
 * box that has it. Suppression of overlapping boxes would keep this box, so it is not needed. If several boxes have the
 * best score, the first one is taken.
 */
export function detectionNodes(
  form: DetectorForm,
  boxes: string,
  { rows, cols }: Pick<NetworkInput, 'rows' | 'cols'>,
): FeatureNodes {
  const { boxAxis, columns } = form
  const columnAxis = 3 - boxAxis
  const add = (operator: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = {}) =>
    newNode(operator, inputs.map(named), named(output), attributes)
  const turned = (input: string, output: string) => add('Transpose', [input], output, { perm: [0, 2, 1] })
  // The shapes are for boxes [N, A, 4] and scores [N, A, K]; if K comes before A, the last two axes change places.
  const nodes = [
    castNode(form.boxes, named('boxes'), ElementType.FLOAT),
    castNode(form.scores, named('outputs'), ElementType.FLOAT),
    ...scoreNodes(form, columnAxis, add),
    // The best box and its score for each column, [N, 1, K], and for each class, [N, 1, C].
    add('ArgMax', ['scores'], 'bests', { axis: boxAxis }),
    add('GatherElements', ['scores', 'bests'], 'maxima', { axis: boxAxis }),
    add('Gather', ['bests', 'columns'], 'best', { axis: columnAxis }),
    add('Gather', ['maxima', 'columns'], 'maximum', { axis: columnAxis }),
    // The values of the best boxes, [N, C, 4].
    turned('best', 'place'),
    add('Concat', ['place', 'place', 'place', 'place'], 'places', { axis: columnAxis }),
    add('GatherElements', ['boxes', 'places'], 'chosen', { axis: boxAxis }),
    // Both as rows, [N, 1, C] and [N, 4, C].
    boxAxis === 1 ? add('Identity', ['maximum'], 'row') : turned('maximum', 'row'),
    boxAxis === 1 ? turned('chosen', 'values') : add('Identity', ['chosen'], 'values'),
    add('MatMul', ['matrix', 'values'], 'corners'),
    add('Max', ['corners', 'zero'], 'positive'),
    add('Min', ['positive', 'frame'], 'clipped'),
    add('Concat', ['row', 'clipped'], 'rows', { axis: 1 }),
    add('Flatten', ['rows'], 'flat'),
  ]
  const constants = [
    { name: named('columns'), shape: [columns.length], int64: columns },
    { name: named('matrix'), shape: [4, 4], floats: cornerMatrix(boxes, rows, cols) },
    { name: named('zero'), shape: [], floats: [0] },
    { name: named('frame'), shape: [4, 1], floats: [cols, rows, cols, rows] },
    ...(form.objectness === undefined ? [] : [{ name: named('objectness'), shape: [1], int64: [form.objectness] }]),
  ]
  return { output: named('flat'), nodes, constants }
}

type Add = (operator: string, inputs: readonly string[], output: string, attributes?: Node['attributes']) => Node

/** Nodes that turn the values of `outputs` into scores from 0 to 1. */
function scoreNodes({ activation, objectness }: DetectorForm, columnAxis: number, add: Add): readonly Node[] {
  if (objectness !== undefined)
    return [
      add('Gather', ['outputs', 'objectness'], 'sure', { axis: columnAxis }),
      add('Mul', ['outputs', 'sure'], 'scores'),
    ]
  if (activation === undefined) return [add('Identity', ['outputs'], 'scores')]
  return [add(activation, ['outputs'], 'scores', activation === 'Softmax' ? { axis: columnAxis } : {})]
}
