import { UsageError } from '../../errors.js'
import { printable } from '../../support/text.js'

/** A model of the Hugging Face hub, as `hf:OWNER/NAME[@REVISION][:path/model.onnx]` names it. */
export interface HubReference {
  /** As it was given. */
  readonly text: string
  readonly owner: string
  readonly name: string
  /** A branch, tag, ref or commit; null: the main branch. */
  readonly revision: string | null
  /** The ONNX file by its path in the repository; null: the one that `onnxFile` finds. */
  readonly file: string | null
}

const PREFIX = 'hf:'
const FORM = 'write hf:OWNER/NAME, hf:OWNER/NAME@REVISION or hf:OWNER/NAME:path/model.onnx'

export function isHubReference(text: string): boolean {
  return text.startsWith(PREFIX)
}

/** @throws UsageError for any other text */
export function parseHubReference(text: string): HubReference {
  const refuse = (cause: string) => new UsageError(`"${printable(text)}" ${cause}; ${FORM}`)
  // No name of git has a colon, so that the first one begins the path.
  const parts = /^hf:([^/@:]+)\/([^/@:]+)(?:@([^:]*))?(?::(.*))?$/s.exec(text)
  if (parts === null) throw refuse('names no model of the hub')
  const [, owner = '', name = '', revision = null, file = null] = parts
  if (!isRepositoryName(owner) || !isRepositoryName(name))
    throw refuse('has an owner or a name that the hub does not allow')
  if (revision !== null && !isRevision(revision)) throw refuse('has a revision that git does not allow')
  if (file !== null && !(isRepositoryPath(file) && file.endsWith('.onnx')))
    throw refuse('does not name an .onnx file inside the repository')
  return { text, owner, name, revision, file }
}

/** The hub allows no name with two dashes or points in a row, so each repository has a folder OWNER--NAME of its own. */
function isRepositoryName(name: string): boolean {
  return /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/.test(name) && !/--|\.\./.test(name)
}

export function isRevision(revision: string): boolean {
  return revision.length <= 250 && /^[^\s:?*[\\~^@{}-][^\s:?*[\\~^@{}]*$/.test(revision) && isRepositoryPath(revision)
}

/** A full commit hash, which stands for the same files for ever. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision)
}

/** A way down from the repository's folder, in names that every file system takes. */
export function isRepositoryPath(path: string): boolean {
  if (path.length > 1000 || /[\\:\p{Cc}]/u.test(path)) return false
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= 255)
}
