import type { ArithmeticModels } from '../experiments/arithmeticModels.js'
import type { Origin } from '../experiments/expression.js'
import { featureArithmetic, type LayerArithmetic } from '../experiments/featureArithmetic.js'
import type { ArithmeticDocument } from '../results/arithmeticDocument.js'
import type { DrawnExpression } from './drawnExpression.js'
import { arithmeticDocument, writeArithmetic } from './expressionFiles.js'

/** Computes a drawn expression, and writes its folder where there is one. */
export async function computeExpression(
  models: ArithmeticModels,
  drawn: DrawnExpression,
  origin: Origin,
  out: string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly document: ArithmeticDocument; readonly layers: readonly LayerArithmetic[] }> {
  const { terms, blank } = drawn
  const operands = new Map(drawn.operands.map(({ name, image }) => [name, image]))
  const layers = await featureArithmetic(
    models,
    terms,
    { operands, expectation: drawn.expectation.image, blank },
    signal,
  )
  const document = arithmeticDocument(models, drawn, origin, layers)
  return { document: out === undefined ? document : await writeArithmetic(out, document, drawn, layers), layers }
}
