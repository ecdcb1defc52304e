import { UsageError } from '../../errors.js'
import { printable } from '../../support/text.js'

/** A model of the Hugging Face hub, written `hf:OWNER/NAME[@REVISION][:path/model.onnx]`. */
export interface HubReference {
  readonly text: string
  readonly owner: string
  readonly name: string
  /** A branch, tag, ref or commit; null for the main branch. */
  readonly revision: string | null
  /** Path of the ONNX file in the repository; null for the file that `usualModel` finds. */
  readonly file: string | null
}

const PREFIX = 'hf:'
const FORM = 'write hf:OWNER/NAME, hf:OWNER/NAME@REVISION or hf:OWNER/NAME:path/model.onnx'

export function isHubReference(text: string): boolean {
  return text.startsWith(PREFIX)
}

export function parseHubReference(text: string): HubReference {
  const refuse = (cause: string) => new UsageError(`"${printable(text)}" ${cause}; ${FORM}`)
  // Git forbids colons in branches and tags, so the first colon after the name begins the path.
  const parts = /^hf:([^/@:]+)\/([^/@:]+)(?:@([^:]*))?(?::(.*))?$/s.exec(text)
  if (parts === null) throw refuse('is not a reference to a model')
  const [, owner = '', name = '', revision = null, file = null] = parts
  if (!isRepositoryName(owner) || !isRepositoryName(name))
    throw refuse('has an owner or a name that the hub does not allow')
  if (revision !== null && !isRevision(revision)) throw refuse('has a revision that git does not allow')
  if (file !== null && !(isRepositoryPath(file) && file.endsWith('.onnx')))
    throw refuse('does not name an .onnx file inside the repository')
  return { text, owner, name, revision, file }
}

/** Whether the hub allows an owner or a name. It forbids `--` in them, so each folder OWNER--NAME is unambiguous. */
function isRepositoryName(name: string): boolean {
  return /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/.test(name) && !/--|\.\./.test(name)
}

export function isRevision(revision: string): boolean {
  return revision.length <= 250 && /^[^\s:?*[\\~^@{}-][^\s:?*[\\~^@{}]*$/.test(revision) && isRepositoryPath(revision)
}

/** Whether a revision is a full commit hash, so that its files never change. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision)
}

/** Whether a path stays inside the repository's folder and is valid on every file system. */
export function isRepositoryPath(path: string): boolean {
  if (path.length > 1000 || /[\\:\p{Cc}]/u.test(path)) return false
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= 255)
}
