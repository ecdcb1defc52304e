import type { ArithmeticAccuracySummary, Rate } from '../results/arithmeticSummary.js'
import type { ResultTable, TableCell } from './tables/model.js'

const MEASURES = ['exact', 'recall', 'falseObjects'] as const

/** In tables, with what each is a share of. */
const MEASURE_NAMES = { exact: 'exact', recall: 'recall', falseObjects: 'false objects' } as const

/** In words: what an object is looked for by. */
export const REFERENCE_NAMES = { features: 'features', decoded: 'decoded scenes', pixels: 'pixels' } as const

/** In words: what is judged. */
export const JUDGED_NAMES = { zero: 'from zero', blank: 'from blank', control: 'no arithmetic' } as const

/**
 * Of each size of objects two tables of random expressions, none where they were not measured: exact results by kind of expression, and of all
 * kinds every measure.
 */
export function arithmeticTables(measured: readonly ArithmeticAccuracySummary[]): readonly ResultTable[] {
  const sizes = [...new Set(measured.map(({ size }) => size))].sort((a, b) => b - a)
  return sizes.flatMap((size) =>
    tablesOf(
      size,
      measured.filter((entry) => entry.size === size),
    ),
  )
}

function tablesOf(size: number, measured: readonly ArithmeticAccuracySummary[]): readonly ResultTable[] {
  const common = { size, statistic: 'rate', counted: 'cases' }
  const ofKinds = measured.filter(({ judged, reference }) => judged !== 'control' && reference !== 'pixels')
  const ofAll = measured.filter(({ kind }) => kind === 'all')
  return [
    {
      ...common,
      name: `arithmetic-exact-${size}`,
      title: `Exact results of feature arithmetic, objects of ${size}×${size}`,
      note: 'Share ± binomial standard error of random expressions whose result has every expected object and no other. An object is there where the result is nearer to the expected scene with it than without it: by the true features of the two scenes, or within the object’s square by what the generator makes of them. 3-2: three objects less two of them; the others likewise.',
      ...columnsAndRows(
        ofKinds.map((entry) => ({
          entry,
          key: [JUDGED_NAMES[entry.judged], REFERENCE_NAMES[entry.reference], entry.kind],
          value: entry.exact,
        })),
        ['vectors', 'reference', 'expression'],
      ),
    },
    {
      ...common,
      name: `arithmetic-accuracy-${size}`,
      title: `Accuracy of feature arithmetic, objects of ${size}×${size}`,
      note: 'Share ± binomial standard error over all random expressions: exact results; expected objects that are seen (recall); others that are seen (false objects). By the true features of scenes, by what the generator makes of them, and by their pixels; “no arithmetic” decodes the true feature of the expected scene, so that it shows what the generator alone gets wrong.',
      ...columnsAndRows(
        ofAll.flatMap((entry) =>
          MEASURES.map((measure) => ({
            entry,
            key: [JUDGED_NAMES[entry.judged], REFERENCE_NAMES[entry.reference], MEASURE_NAMES[measure]],
            value: entry[measure],
          })),
        ),
        ['vectors', 'reference', 'measure'],
      ),
    },
  ]
}

interface CellEntry {
  readonly entry: ArithmeticAccuracySummary
  readonly key: readonly string[]
  readonly value: Rate
}

/** Columns in the order in which their keys first come, rows by model and layer. */
function columnsAndRows(
  entries: readonly CellEntry[],
  keys: readonly string[],
): Pick<ResultTable, 'keys' | 'columns' | 'rows'> {
  const columns = [...new Map(entries.map(({ key }) => [JSON.stringify(key), key])).values()]
  const layers = new Map(
    entries.map(({ entry: { model, layer } }) => [JSON.stringify([model, layer]), { model, layer }]),
  )
  const rows = [...layers.values()].map(({ model, layer }) => {
    const own = entries.filter(({ entry }) => entry.model === model && entry.layer === layer)
    const cells = columns.map((key): TableCell => {
      const { rate, error, count } = own.find((one) => one.key.join() === key.join())?.value ?? {}
      if (rate === undefined || rate === null || count === undefined) return {}
      return { measured: { mean: rate, std: error ?? 0, count } }
    })
    return { model, layer, cells }
  })
  return { keys, columns, rows }
}
