import { thisOwner } from '../../src/files/owner.js'

/** A run.json of one finished run, with these keys. */
export function runFile(keys: object = {}): object {
  return { process: thisOwner(), settings: {}, computed: 1, finished: '2026', report: null, ...keys }
}
