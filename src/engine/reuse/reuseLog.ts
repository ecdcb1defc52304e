import type { Wording } from '../../message.js'
import type { ReuseRecord } from './record.js'

type Computed = Extract<ReuseRecord, { readonly cut: string }>

/** Remembers for which patch sizes and graphs reuse worked, and notes each reason against it once. */
export class ReuseLog {
  readonly #network: string
  readonly #onNote: (line: Wording) => void
  /** Records by patch size: `#computed` for patches with reuse, `#declined` for patches without. */
  readonly #computed = new Map<number, Computed>()
  readonly #declined = new Map<number, ReuseRecord>()
  /** Reasons why reuse failed, by path of the graph that computes cells. Reuse is not tried again with this graph. */
  readonly #failures = new Map<string, string>()
  readonly #noted = new Set<number | string>()

  constructor(network: string, onNote: (line: Wording) => void) {
    this.#network = network
    this.#onNote = onNote
  }

  noteGraph(reason: string): void {
    this.#noteOnce(reason, `${this.#network} computes every image in full, because ${reason}`)
  }

  noteSize(size: number, reason: string): void {
    this.#noteOnce(size, `${this.#network} at ${size} px: ${reason}; every image is computed in full`)
  }

  #noteOnce(about: number | string, line: string): void {
    if (!this.#noted.has(about)) this.#onNote(line)
    this.#noted.add(about)
  }

  /** Keeps the largest distance of all patches of a size. */
  computed(record: Computed): void {
    const { size, distance } = record
    this.#computed.set(size, { ...record, distance: Math.max(distance, this.#computed.get(size)?.distance ?? 0) })
  }

  declined(size: number, reason: string): void {
    this.#declined.set(size, { size, reason })
  }

  failed(cells: string, reason: string): void {
    this.#failures.set(cells, reason)
  }

  failureOf(cells: string): string | undefined {
    return this.#failures.get(cells)
  }

  records(): readonly ReuseRecord[] {
    return [...this.#computed.values(), ...this.#declined.values()]
  }
}
