/**
 * Reads Python pickles safely. It accepts only the opcodes that PyTorch's checkpoints use, and only the globals
 * (classes and functions) that the caller lists. It never imports or calls anything by name.
 *
 * The length of the pickle limits the memory, because no accepted opcode makes more bytes than it reads. The numbers of
 * opcodes, values on the stack and memo entries are limited, too.
 * Reference: Python, Lib/pickletools.py (opcodes), PyTorch, torch/serialization.py (the opcodes that occur).
 */

import { printable } from '../support/text.js'

/**
 * A Python value from a pickle. Dictionaries become Maps, and lists and tuples become arrays. Objects of other classes
 * are made by the functions in `PickleWorld.globals`.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly PickleValue[]
  | ReadonlyMap<PickleValue, PickleValue>
  | PickleGlobal
  | PickleObject

export interface PickleGlobal {
  readonly kind: 'global'
  /** `module.name`, as the pickle spells it. */
  readonly name: string
  /** Function to run when the pickle calls the global; absent if the pickle may name the global, but not call it. */
  readonly call?: (args: readonly PickleValue[]) => PickleValue
}

/** An object that was made by one of the caller's globals or by `persistentLoad`. */
export interface PickleObject {
  readonly kind: string
  /** Receives the attributes that the pickle gives to the object; absent if it may not give any. */
  readonly setState?: (state: PickleValue) => void
}

export interface PickleWorld {
  /** The allowed classes and functions, by `module.name`. */
  readonly globals: ReadonlyMap<string, PickleGlobal>
  /** Returns the object for a persistent id (BINPERSID), a reference to data outside of the pickle. */
  readonly persistentLoad: (id: PickleValue) => PickleValue
}

/** The pickle is damaged or not allowed. The message says why, without the file's name. */
export class PickleError extends Error {}

/** Longest pickle that is read into memory. A real one takes about 140 bytes per tensor. */
export const maximumPickleBytes = 16 * 2 ** 20

const maximumOpcodes = 4_000_000
const maximumStack = 100_000
const maximumMemo = 1_000_000
const maximumContainers = 500_000

const mark = Symbol('mark')
type StackItem = PickleValue | typeof mark

interface Machine {
  readonly bytes: Buffer
  readonly world: PickleWorld
  position: number
  containers: number
  readonly stack: StackItem[]
  readonly memo: Map<number, PickleValue>
}

/** @returns the value, and in `end` the offset of the first byte after the pickle */
export function readPickle(bytes: Buffer, world: PickleWorld): { value: PickleValue; end: number } {
  const machine: Machine = { bytes, world, position: 0, containers: 0, stack: [], memo: new Map() }
  for (let count = 0; count < maximumOpcodes; count++) {
    const opcode = take(machine, 1).readUInt8(0)
    if (opcode === stop) return { value: pop(machine), end: machine.position }
    const execute = opcodes.get(opcode)
    if (!execute) {
      const shown = `0x${opcode.toString(16).padStart(2, '0')}`
      throw new PickleError(
        `pickle opcode ${shown} at byte ${machine.position - 1} is not allowed in a checkpoint of tensors`,
      )
    }
    execute(machine)
  }
  throw new PickleError(`the pickle has more than ${maximumOpcodes} opcodes`)
}

const stop = '.'.charCodeAt(0)

const opcodes: ReadonlyMap<number, (machine: Machine) => void> = new Map<number, (machine: Machine) => void>([
  [0x80, protocol],
  [code('N'), (m) => push(m, null)],
  [0x88, (m) => push(m, true)],
  [0x89, (m) => push(m, false)],
  [code('J'), (m) => push(m, take(m, 4).readInt32LE(0))],
  [code('K'), (m) => push(m, take(m, 1).readUInt8(0))],
  [code('M'), (m) => push(m, take(m, 2).readUInt16LE(0))],
  [0x8a, (m) => push(m, long(take(m, take(m, 1).readUInt8(0))))],
  [code('G'), (m) => push(m, take(m, 8).readDoubleBE(0))],
  [code('X'), (m) => push(m, take(m, take(m, 4).readUInt32LE(0)).toString('utf8'))],
  [code('T'), (m) => push(m, take(m, take(m, 4).readUInt32LE(0)).toString('latin1'))],
  [code('U'), (m) => push(m, take(m, take(m, 1).readUInt8(0)).toString('latin1'))],
  [code('('), (m) => push(m, mark)],
  [code(')'), (m) => pushContainer(m, [])],
  [0x85, (m) => pushContainer(m, popMany(m, 1))],
  [0x86, (m) => pushContainer(m, popMany(m, 2))],
  [0x87, (m) => pushContainer(m, popMany(m, 3))],
  [code('t'), (m) => pushContainer(m, popToMark(m))],
  [code(']'), (m) => pushContainer(m, [])],
  [code('a'), (m) => append(m, [pop(m)])],
  [code('e'), (m) => append(m, popToMark(m))],
  [code('}'), (m) => pushContainer(m, new Map())],
  [code('s'), (m) => setItems(m, popMany(m, 2))],
  [code('u'), (m) => setItems(m, popToMark(m))],
  [code('q'), (m) => memoize(m, take(m, 1).readUInt8(0))],
  [code('r'), (m) => memoize(m, take(m, 4).readUInt32LE(0))],
  [code('h'), (m) => recall(m, take(m, 1).readUInt8(0))],
  [code('j'), (m) => recall(m, take(m, 4).readUInt32LE(0))],
  [code('c'), global],
  [code('R'), reduce],
  [0x81, reduce],
  [code('b'), build],
  [code('Q'), (m) => push(m, m.world.persistentLoad(pop(m)))],
])

function code(character: string): number {
  return character.charCodeAt(0)
}

function take(machine: Machine, length: number): Buffer {
  const end = machine.position + length
  if (end > machine.bytes.length) throw new PickleError('the pickle is cut off')
  const taken = machine.bytes.subarray(machine.position, end)
  machine.position = end
  return taken
}

function push(machine: Machine, item: StackItem): void {
  if (machine.stack.length >= maximumStack) throw new PickleError(`the pickle's stack is deeper than ${maximumStack}`)
  machine.stack.push(item)
}

function pushContainer(machine: Machine, container: PickleValue): void {
  charge(machine, 1)
  push(machine, container)
}

/**
 * Counts new lists and dictionaries, and limits their number. Otherwise, a short pickle could fill the memory with
 * copies of a list.
 */
function charge(machine: Machine, count: number): void {
  machine.containers += count
  if (machine.containers > maximumContainers)
    throw new PickleError(`the pickle has more than ${maximumContainers} lists and dictionaries`)
}

function itemCount(value: PickleValue): number {
  if (Array.isArray(value)) return value.length
  return value instanceof Map ? value.size : 0
}

function pop(machine: Machine): PickleValue {
  const item = machine.stack.pop()
  if (item === undefined || item === mark)
    throw new PickleError('the pickle is damaged: it uses a value that it has not stored')
  return item
}

function popMany(machine: Machine, count: number): PickleValue[] {
  const items: PickleValue[] = []
  for (let i = 0; i < count; i++) items.push(pop(machine))
  return items.reverse()
}

function popToMark(machine: Machine): PickleValue[] {
  const at = machine.stack.lastIndexOf(mark)
  if (at < 0) throw new PickleError('the pickle is damaged: it ends a group of values that it has not begun')
  const items = machine.stack.splice(at + 1) as PickleValue[]
  machine.stack.pop()
  return items
}

function top(machine: Machine): PickleValue {
  const item = machine.stack.at(-1)
  if (item === undefined || item === mark)
    throw new PickleError('the pickle is damaged: it changes a value that it has not stored')
  return item
}

function protocol(machine: Machine): void {
  const version = take(machine, 1).readUInt8(0)
  if (version > 3) throw new PickleError(`pickle protocol ${version} is not supported (PyTorch uses protocol 2)`)
}

/** Decodes the integer of the opcode LONG1: little-endian two's complement of any length. */
function long(bytes: Buffer): number | bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes.readUInt8(i))
  const signed = BigInt.asIntN(bytes.length * 8, value)
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed
}

function append(machine: Machine, items: readonly PickleValue[]): void {
  const list = top(machine)
  if (!Array.isArray(list)) throw new PickleError('the pickle appends to something that is not a list')
  for (const item of items) list.push(item)
}

function setItems(machine: Machine, items: readonly PickleValue[]): void {
  const target = top(machine)
  if (!(target instanceof Map)) throw new PickleError('the pickle sets a key of something that is not a dictionary')
  if (items.length % 2 !== 0) throw new PickleError('the pickle has a key without a value')
  for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1])
}

function memoize(machine: Machine, index: number): void {
  machine.memo.set(index, top(machine))
  if (machine.memo.size > maximumMemo)
    throw new PickleError(`the memo of the pickle has more than ${maximumMemo} values`)
}

function recall(machine: Machine, index: number): void {
  const value = machine.memo.get(index)
  if (value === undefined)
    throw new PickleError(`the pickle is damaged: it uses memo value ${index}, which it has not stored`)
  push(machine, value)
}

function global(machine: Machine): void {
  const name = `${line(machine)}.${line(machine)}`
  const found = machine.world.globals.get(name)
  if (!found) {
    throw new PickleError(
      `its pickle refers to the Python object ${printable(name)}, which is not allowed (nothing was executed)`,
    )
  }
  push(machine, found)
}

function line(machine: Machine): string {
  const end = machine.bytes.indexOf(0x0a, machine.position)
  if (end < 0) throw new PickleError('the pickle is cut off')
  const text = machine.bytes.toString('utf8', machine.position, end)
  machine.position = end + 1
  return text
}

/** Calls a function (REDUCE) or makes an instance of a class (NEWOBJ), in both cases with the global's `call`. */
function reduce(machine: Machine): void {
  const args = pop(machine)
  const callee = pop(machine)
  if (!isKind<PickleGlobal>(callee, 'global') || !callee.call || !Array.isArray(args)) {
    throw new PickleError('the pickle calls a Python object that is not allowed in a checkpoint of tensors')
  }
  charge(
    machine,
    args.reduce<number>((sum, arg) => sum + itemCount(arg), 0),
  )
  pushContainer(machine, callee.call(args))
}

/**
 * Sets attributes of an object (BUILD). A state dict is a Map here, and its attributes are dropped: they are only the
 * version numbers in `_metadata`.
 */
function build(machine: Machine): void {
  const state = pop(machine)
  const target = top(machine)
  if (target instanceof Map) return
  if (!isObject(target) || !target.setState) {
    throw new PickleError('the pickle sets attributes of a value that cannot have any')
  }
  target.setState(state)
}

function isObject(value: PickleValue | undefined): value is PickleObject {
  return typeof value === 'object' && value !== null && 'kind' in value
}

export function isKind<T extends PickleObject>(value: PickleValue | undefined, kind: T['kind']): value is T {
  return isObject(value) && value.kind === kind
}
