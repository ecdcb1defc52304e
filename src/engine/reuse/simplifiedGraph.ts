import { resolve } from 'node:path'
import { env } from 'onnxruntime-node'
import { rename, rm } from '../../files/retried.js'
import { temporaryName } from '../../files/temporaries.js'
import { type Network, outputOf } from '../../network.js'
import { cachedCopy } from '../../onnx/edit/cachedCopy.js'
import { type GraphChanges, writeGraphCopy } from '../../onnx/format/graphCopy.js'
import { ElementType } from '../../onnx/format/messages.js'
import { type OnnxFile, readHashedOnnx } from '../../onnx/format/onnxFile.js'
import { analysedGraph } from '../../onnx/graph/analysis.js'
import { linksOf, neededFor } from '../../onnx/graph/links.js'
import { trialInput, trialRun } from '../../onnx/trial/trialRun.js'

/** ONNX Runtime cannot write larger files. */
const MOST_BYTES = 2 ** 31

/**
 * Writes a network's graph as ONNX Runtime simplifies it before it runs it, or finds it in the cache. Inputs and
 * outputs keep their names. Transposes that cancel each other are gone, constants are computed, and a float16 graph
 * computes in float32 where the processor does so.
 * @returns the path; undefined if the graph cannot be simplified
 */
export async function simplifiedGraph(network: Network): Promise<string | undefined> {
  const { onnxPath, optimization, layers } = network
  const { batch } = network.input
  // At its lower levels, ONNX Runtime may not simplify the graph.
  if (optimization !== undefined) return undefined
  const onnx = await readHashedOnnx(onnxPath)
  if (onnx.bytes > MOST_BYTES) return undefined
  const write = async (copy: string, path: string, changes: GraphChanges) => {
    // The process may run in another folder, where a relative path would be wrong.
    const temporary = () => resolve(temporaryName(copy))
    const [known, first, second] = [temporary(), temporary(), temporary()]
    const asked = { input: trialInput(network.input, batch ?? 1), names: layers.map(outputOf) }
    // Higher levels write nodes that only ONNX Runtime has.
    const tried = { name: network.id, bytes: onnx.bytes, optimization: 'basic' } as const
    try {
      await writeGraphCopy(known, path, changes)
      // For float16, the first pass adds conversions of the weights, and the second one computes them.
      await trialRun({ ...tried, path: known }, { ...asked, written: first })
      await trialRun({ ...tried, path: first }, { ...asked, written: second })
      await rename(second, copy)
    } finally {
      for (const file of [known, first, second]) await rm(file, { force: true })
    }
  }
  try {
    return (await cachedCopy(onnx, `simplified-${env.versions.node}`, neededChanges(onnx, network), write)).path
  } catch {
    // The network also runs without a simplified graph, only slower.
    return undefined
  }
}

/**
 * Changes that keep only what the features need. Integers that nodes compute from sizes, such as an amount of padding,
 * become constants: ONNX Runtime computes none of them if the number of images is open. Integers that depend on this
 * number stay.
 */
function neededChanges({ graph }: OnnxFile, { input, layers, head }: Network): GraphChanges {
  const { nodes, constants } = linksOf(graph)
  // Integers that are equal for two such different numbers of images do not depend on them.
  const [few, many] = [2, 9973].map((batch) => analysedGraph(graph, { ...input, batch: input.batch ?? batch }).tensors)
  const known = new Map<string, { readonly shape: readonly number[]; readonly int64: readonly number[] }>()
  for (const [name, { shape, type, values }] of few ?? []) {
    if (values === null || type !== ElementType.INT64 || constants.has(name)) continue
    const others = many?.get(name)?.values
    if (values.every((value, i) => value === others?.[i])) known.set(name, { shape, int64: values })
  }
  // A check of reuse also compares `head.compared`. ONNX Runtime keeps the names of outputs alone.
  const outputs = [...layers.map(outputOf), ...(head?.compared ?? [])]
  const kept = neededFor(outputs, graph, new Set(known.keys()))
  const nameOf = (name: string) => (known.has(name) ? `shiftscope.known.${name}` : name)
  const renamed = [...nodes].filter(([, { inputs }]) => inputs.some((name) => known.has(name)))
  const { name, rows, cols, batch } = input
  return {
    kept,
    inputs: [{ name, shape: [batch ?? 'N', 3, rows, cols] }],
    outputs,
    renamedInputs: Object.fromEntries(renamed.map(([index, { inputs }]) => [index, inputs.map(nameOf)])),
    constants: [...known].map(([name, tensor]) => ({ name: nameOf(name), ...tensor })),
  }
}
