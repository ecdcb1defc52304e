import { InputError, NetworkError, UsageError, wordingOf } from '../../errors.js'
import { headOf } from '../../experiments/answers/heads.js'
import { usualReuse } from '../../features/usualReuse.js'
import { Worded } from '../../message.js'
import { withoutControls } from '../../messageLine.js'
import type { Classes } from '../../network.js'
import { licenceText, weightsCommand } from '../../networks/catalog/catalog.js'
import { listHubModels } from '../../networks/hub/manifest.js'
import { importWeights, listNetworks } from '../../networks/models/imported.js'
import { inspectModel, type ModelInspection } from '../../networks/models/inspection.js'
import { type PulledHubModel, pullHubModel } from '../../networks/models/pullHubModel.js'
import { type PulledWeights, pullWeights } from '../../networks/models/pullWeights.js'
import { verifyNetwork } from '../../networks/models/verification.js'
import { chooseNetwork } from '../../networks/open/openNetwork.js'
import { isHubReference } from '../../networks/reference/hubReference.js'
import type { GivenReference, OwnOptions } from '../../networks/reference/reference.js'
import { tokensText } from '../../onnx/graph/tokens.js'
import { counted } from '../../support/text.js'
import { asFlags } from '../output/flags.js'
import { byteSize, print, printJson, printTable, say, sayError, terminalColumns, wrapped } from '../output/output.js'
import { terminalProgress } from '../output/progressBar.js'
import { type CommandContext, leavingNothing } from '../process/context.js'

export interface JsonFlag {
  readonly json?: boolean
}

export async function list({ json }: JsonFlag): Promise<void> {
  const [networks, hubModels] = await Promise.all([listNetworks(), listHubModels()])
  if (json) return printJson([...networks.map(({ entry, ...status }) => ({ ...entry, ...status })), ...hubModels])
  printTable(
    ['id', 'is', 'weights', 'size', 'licence'],
    [
      ...networks.map((network) => [
        network.entry.id,
        network.entry.title,
        network.state,
        network.expectedBytes === null ? '–' : byteSize(network.expectedBytes),
        licenceText(network.entry.licence),
      ]),
      ...hubModels.map(({ id, state, bytes, licence }) => [id, '–', state, byteSize(bytes), licenceText(licence)]),
    ],
  )
  const missing = networks.find(({ state }) => state === 'missing')
  if (missing) say(`to get missing weights, run "${weightsCommand(missing.entry)}"`)
}

export interface PullFlags {
  readonly all?: boolean
  readonly mirror?: string
  readonly json?: boolean
}

/** Downloads weights one after the other. If one download fails, the others are still tried. */
export async function pull(ids: readonly string[], { all, mirror, json }: PullFlags, { signal }: CommandContext) {
  if ((all === true) === ids.length > 0)
    throw new UsageError('give either the ids of networks and generators, or --all')
  if (mirror !== undefined && ids.some(isHubReference))
    throw UsageError.of`\`mirror\` cannot be used with models of the Hugging Face hub; leave it out, or set HF_ENDPOINT to a mirror of the hub`
  const done: (PulledWeights | PulledHubModel)[] = []
  const failures: unknown[] = []
  for (const id of all ? await idsOfPaper() : ids) {
    try {
      const options = { signal, onProgress: terminalProgress() }
      if (isHubReference(id)) {
        const model = await pullHubModel(id, options)
        done.push(model)
        if (!json) printPulledHubModel(model)
      } else {
        const weights = await pullWeights(id, { mirror, ...options })
        done.push(weights)
        if (!json) printPulled(weights)
      }
    } catch (error) {
      if (!(error instanceof NetworkError || error instanceof InputError)) throw error
      failures.push(error)
    }
  }
  if (json) printJson(done)
  for (const failure of failures.slice(0, -1)) sayError(`shiftscope: ${asFlags(wordingOf(failure))}`)
  if (failures.length > 0) throw failures.at(-1)
}

async function idsOfPaper(): Promise<readonly string[]> {
  const models = await listNetworks()
  return models.flatMap(({ entry }) => (entry.preset === 'paper' ? [entry.id] : []))
}

function printPulled(weights: PulledWeights): void {
  const { sha256, licence, origin, checked } = weights
  printKept(weights)
  const whole = checked.sha256Digits === 64
  const digits = whole ? 'as published' : `its first ${checked.sha256Digits} digits are as published`
  const size = checked.bytes ? 'size as published' : 'size not published'
  print(`  SHA-256 ${sha256} (${digits}); ${size}${origin === null ? '' : '; Shiftscope built the ONNX graph'}`)
  printLicence(licence)
}

function printPulledHubModel(model: PulledHubModel): void {
  printKept(model)
  print(`  checked against commit ${model.revision} of the hub: the size and the SHA-256 (${model.sha256}) match`)
  for (const { path, bytes } of model.files.slice(1)) print(`  other file of this model: ${path}, ${byteSize(bytes)}`)
  printLicence(model.licence)
}

function printKept({ id, path, bytes, origin }: PulledWeights | PulledHubModel): void {
  print(`${id}: ${origin === null ? 'already here, checked again:' : 'saved as'} ${path}, ${byteSize(bytes)}`)
}

function printLicence(licence: string): void {
  print(`  licence: ${licenceText(licence)}${/-nc/i.test(licence) ? ' (not for commercial use)' : ''}`)
}

function publishedText(published: boolean): string {
  return published ? 'the published file' : 'not the published file'
}

export interface InspectFlags extends OwnOptions {
  readonly weights?: string
  readonly all?: boolean
  readonly json?: boolean
}

export async function inspect(
  model: string,
  { all = false, json = false, ...choice }: InspectFlags,
  context: CommandContext,
): Promise<void> {
  const given = { ...choice, ...context }
  const inspection = await leavingNothing(inspectModel(model, given), context)
  const reuse = await leavingNothing(predictedReuse(model, given), context)
  if (json) return printJson({ ...inspection, reuse: typeof reuse === 'string' ? null : reuse })
  const { path, inputs, input, form, outputs, tensors, classes, head } = inspection
  const { rows, cols, divisor, mean, std, channelOrder, source } = input
  const read = tensors.filter((tensor) => tensor.default).map(({ name, dims }) => `${name} (${counted(dims, 'value')})`)
  printLabelled('file', path)
  for (const tensor of inputs) printLabelled('input', typedText(tensor))
  printLabelled(
    'pixels',
    `${rows}×${cols}, ${channelOrder}, divided by ${divisor}, minus ${mean.join(' ')}, divided by ${std.join(' ')}; source: ${source}`,
  )
  printLabelled('form', form)
  for (const output of outputs.slice(0, MOST_OUTPUTS)) printLabelled('output', outputText(output, classes))
  if (outputs.length > MOST_OUTPUTS) printLabelled('', `… (list all ${outputs.length} outputs with --json)`)
  if (head) printLabelled(head.kind, asFlags(headOf(head.kind).reader?.described(head) ?? ''))
  if (classes) {
    const some = classes.names.slice(0, FEW_NAMES).map((name) => name.split(',')[0])
    printLabelled('classes', `${classes.names.length}, such as ${some.join(', ')}; source: ${classes.source}`)
  }
  printLabelled(
    'layers',
    read.length > 0 ? `${read.join(', ')} by default` : 'none by default; name some with --layers',
  )
  printLabelled('speed', speedText(reuse))
  const shown = all ? tensors : tensors.filter(({ suggested }) => suggested)
  printTable(
    ['tensor', 'operator', 'shape', 'values', 'read'],
    shown.map(({ name, op, shape, tokens, dims, ...tensor }) => [
      withoutControls(name),
      withoutControls(op),
      `[${shape.join(', ')}]${tokens ? ` (${tokensText(tokens)})` : ''}`,
      dims,
      tensor.default ? 'by default' : tensor.suggested ? 'suggested' : '',
    ]),
  )
  const rest = tensors.length - shown.length
  if (rest > 0) say(`${rest} more tensors can be read as features; list them with --all`)
}

const LABEL_COLUMNS = 9
const MOST_OUTPUTS = 8
const FEW_NAMES = 3

function printLabelled(label: string, text: string): void {
  const lines = wrapped(withoutControls(text), terminalColumns() - LABEL_COLUMNS)
  for (const [i, line] of lines.entries()) print(`${(i === 0 ? label : '').padEnd(LABEL_COLUMNS)}${line}`)
}

function typedText({ name, type, shape }: ModelInspection['inputs'][number]): string {
  return `${name}, ${type} [${shape.join(', ')}]`
}

function outputText(output: ModelInspection['outputs'][number], classes: Classes | null): string {
  const { name, kind } = output
  const text = `${typedText(output)}: ${kind ?? 'tokens or boxes'}`
  return name === classes?.layer ? `${text} (${classes.scores.meaning}: ${classes.scores.source})` : text
}

/** @returns an error's message if the network cannot be run without more options */
async function predictedReuse(model: string, given: Omit<GivenReference, 'model'>) {
  try {
    return await usualReuse(await chooseNetwork({ model, ...given }))
  } catch (error) {
    if (error instanceof UsageError || error instanceof InputError) return wordingOf(error)
    throw error
  }
}

function speedText(reuse: Awaited<ReturnType<typeof predictedReuse>>): string {
  if (typeof reuse === 'string' || reuse instanceof Worded) return `unknown: ${asFlags(reuse)}`
  if ('reason' in reuse) return `every image is computed in full: ${reuse.reason}`
  const { size, stride, gain } = reuse
  return `${gain.toFixed(1)} times as fast by computing repeated values once (predicted for an object of ${size} px on white at stride ${stride})`
}

export async function importFile(id: string, file: string, { json }: JsonFlag, context: CommandContext): Promise<void> {
  const imported = await leavingNothing(importWeights(id, file), context)
  if (json) return printJson(imported)
  print(`${id}: saved as ${imported.path}, ${byteSize(imported.bytes)}`)
  print(`sha256 ${imported.sha256}: ${publishedText(imported.published)}`)
}

export async function verify(id: string, { json }: JsonFlag, context: CommandContext): Promise<void> {
  const verified = await leavingNothing(verifyNetwork(id), context)
  if (json) return printJson(verified)
  print(`${id}: ${verified.weightsPath}, ${byteSize(verified.bytes)}`)
  print(`sha256 ${verified.sha256}: ${publishedText(verified.published)}`)
  printTable(
    ['output', 'dims', 'norm', 'digest'],
    verified.layers.map(({ name, dims, norm, digest }) => [name, dims, norm.toFixed(4), digest]),
  )
}
