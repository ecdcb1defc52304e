import { type FileRequest, type FileResponse, isPassing, requestFile, statusText } from '../../download/request.js'
import { isSecure } from '../../download/secureAddress.js'
import { InputError, NetworkError, RUN_AGAIN, UsageError, words } from '../../errors.js'
import { printable } from '../../support/text.js'
import type { HubReference } from '../reference/hubReference.js'

export interface HubConnection extends Omit<FileRequest, 'headers'> {
  /** URL of the hub, without a slash at its end. */
  readonly endpoint: string
}

export function isOffline(): boolean {
  return /^(1|true|yes|on)$/i.test(process.env.HF_HUB_OFFLINE ?? '')
}

/** A connection to the hub that HF_ENDPOINT names, by default huggingface.co, with the token in HF_TOKEN. */
export function hubConnection(
  reference: HubReference,
  options: Pick<FileRequest, 'signal' | 'stallSeconds' | 'ca'>,
  environment: NodeJS.ProcessEnv = process.env,
): HubConnection {
  const endpoint = endpointOf(environment.HF_ENDPOINT || 'https://huggingface.co')
  const token = (environment.HF_TOKEN ?? '').trim()
  if (/[^\x21-\x7e]/.test(token))
    throw new UsageError('HF_TOKEN contains a space or another character that tokens cannot contain; set it again')
  return {
    ...options,
    endpoint,
    authorization: token === '' ? undefined : `Bearer ${token}`,
    elsewhere: 'HF_ENDPOINT with another address',
    refusal: (at, response) => refusal(reference, { endpoint, hasToken: token !== '' }, at, response),
  }
}

function endpointOf(text: string): string {
  const remedy = 'give an https:// address or http://localhost'
  const address = URL.canParse(text) ? new URL(text) : undefined
  if (address === undefined) throw new UsageError(`HF_ENDPOINT is not an address; ${remedy}`)
  if (address.username !== '' || address.password !== '')
    throw new UsageError(
      `HF_ENDPOINT contains a user name or password for ${address.host}, which Shiftscope does not send; ${remedy}`,
    )
  if (!isSecure(address)) throw new UsageError(`HF_ENDPOINT at ${address.host} is not encrypted; ${remedy}`)
  return `${address.origin}${address.pathname.replace(/\/+$/, '')}`
}

/** The message shows only the host of a URL, because the hub redirects to URLs with secret signatures. */
function refusal(
  { owner, name, revision }: HubReference,
  { endpoint, hasToken }: { readonly endpoint: string; readonly hasToken: boolean },
  at: URL,
  { status, header }: FileResponse,
): Error {
  const code = at.origin === new URL(endpoint).origin ? header('x-error-code') : null
  const model = `${owner}/${name}`
  if (code === 'GatedRepo' && (status === 401 || status === 403)) {
    return new InputError(
      `${model} is only for users who accept its conditions at ${endpoint}/${model}; accept them, and set HF_TOKEN to a token of your account`,
    )
  }
  if (code === 'RevisionNotFound' && status === 404) {
    return new InputError(
      `${model} has no revision "${printable(revision ?? 'main')}"; see ${endpoint}/${model}/tree/main for its revisions`,
    )
  }
  if (code !== 'EntryNotFound' && (status === 401 || status === 404) && at.origin === new URL(endpoint).origin) {
    return new InputError(
      hasToken
        ? `${at.host} has no model ${model}, or the token in HF_TOKEN gives no access to it; check the name and the token`
        : `${at.host} has no model ${model}, or it is private; check the name, or set HF_TOKEN to a token with access to it`,
    )
  }
  const remedy = isPassing(status) ? 'try again later' : words`${RUN_AGAIN}, or set HF_ENDPOINT to another address`
  return NetworkError.of`${at.host} answers ${statusText(status)} for ${model}; ${remedy}`
}

/** Largest response to read, in bytes. A list of 10,000 files takes about 3 MiB. */
const MOST_BYTES = 2 ** 24

export async function askHub(address: URL, connection: HubConnection): Promise<Buffer> {
  const response = await requestFile(address, { ...connection, headers: {} })
  try {
    const pieces: Uint8Array[] = []
    let length = 0
    for await (const piece of response.body) {
      length += piece.byteLength
      if (length > MOST_BYTES)
        throw new InputError(
          `${address.host} answers with more than ${MOST_BYTES / 2 ** 20} MiB, too much for a list of files; download the .onnx file yourself and give its path, or check HF_ENDPOINT`,
        )
      pieces.push(piece)
    }
    return Buffer.concat(pieces)
  } finally {
    await response.close()
  }
}

/** The error if something other than a hub answers, such as a login page or a broken mirror. */
export function notTheHub({ endpoint }: HubConnection, cause?: unknown): NetworkError {
  return new NetworkError(
    `${endpoint} does not answer like a Hugging Face hub; check HF_ENDPOINT, and whether your internet connection asks you to sign in`,
    { cause },
  )
}
