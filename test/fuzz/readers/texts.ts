import assert from 'node:assert/strict'
import { parseDevice } from '../../../src/engine/devices/device.js'
import { expressionText, namesOf, parseExpression } from '../../../src/experiments/arithmetic/expression.js'
import { layoutText, parseLayout } from '../../../src/experiments/scenes/layout.js'
import { pythonNames } from '../../../src/networks/classes/names.js'
import { boxesOption } from '../../../src/networks/reference/boxFormat.js'
import { parseHubReference } from '../../../src/networks/reference/hubReference.js'
import { drawnBackground } from '../../../src/patches/background.js'
import { messageFaults, type Reader } from '../reader.js'

function language(
  name: string,
  examples: readonly string[],
  words: readonly string[],
  read: (text: string) => unknown,
): Reader {
  const often = words.flatMap((word) => [word, word, word])
  return { name, goldens: examples.map((text) => ({ text })), words: often, read: (_, { text }) => read(String(text)) }
}

function readExpression(text: string): void {
  const terms = parseExpression(text)
  const names = terms.map(({ name }) => name)
  namesOf(terms, names)
  assert(terms.every(({ coefficient }) => Number.isFinite(coefficient)))
  if (names.length <= 100) assert.deepEqual(messageFaults(expressionText(terms)), [])
}

/** Small languages: sums of images, scenes of objects, names of models of the hub, of colours and of devices. */
export const texts: readonly Reader[] = [
  language(
    'expression',
    ['A + B - C', '-0.5 * A + 2*B - dog_1 − C'],
    ['A', '_x1', '+', '-', '−', '*', '(', ')', '.5', '1000', '1001', '1e3', '9999999999', 'A + B', '2 * A'],
    readExpression,
  ),
  language('scene', ['dog:75@0,149', 'dog@1,2 + a b:9@3,4'], ['dog', 'x:1', '@', '-20', ' + ', ':', ','], (text) => {
    const scene = parseLayout(text, 75)
    assert.deepEqual(parseLayout(layoutText(scene), 75), scene)
  }),
  language(
    'reference',
    ['hf:owner/name', 'hf:owner/resnet-50@refs/pr/1:onnx/model.onnx'],
    ['hf:', '@', ':', '/', '..', 'main', 'a b', 'model.onnx', '../x.onnx'],
    parseHubReference,
  ),
  language('colour', ['#ffffff', '#12ab9F'], ['#', 'white', '#FFF', '12345g'], drawnBackground),
  language(
    'names in Python’s form',
    [`{0: 'person', 1: "traffic light"}`, `['cat', 'dog\\'s']`],
    ['{', '}', '[', ']', '0: ', "'a'", '"b"', '\\\\', "\\\\'", '\\\\x41', '__import__("os")', ', '],
    (text) => assert(pythonNames(text)?.every((name) => typeof name === 'string') ?? true),
  ),
  language('boxes', ['cxcywh,px', 'yxyx', 'share'], ['xyxy', ',', 'px', 'share', 'toString', '__proto__'], boxesOption),
  language('device', ['cpu', 'cuda:1', 'auto', 'webgpu'], ['cuda', ':', '0', '999', '1000', '-1', 'CUDA'], parseDevice),
]
