import { hubConnection } from '../../../src/networks/hub/connection.js'
import { descriptionFiles, onnxFile } from '../../../src/networks/hub/modelFiles.js'
import { parseHubReference } from '../../../src/networks/hub/reference.js'
import { type HubRepository, readRepository } from '../../../src/networks/hub/repository.js'
import { disturb, documentText, oddText } from '../documents.js'
import type { Random } from '../random.js'
import { startRawServer } from '../rawServer.js'
import { type FuzzCase, messageFaults, type Reader } from '../reader.js'
import { drawResponse } from '../responses.js'

const commit = 'c0ffee'.padEnd(40, '0')
const reference = parseHubReference('hf:owner/name')

/** What a hub answers about a model and its files. */
export const hub: Reader = {
  name: 'hub',
  open: async () => {
    const server = await startRawServer()
    const connection = hubConnection(
      reference,
      { signal: undefined, stallSeconds: 30, ca: undefined },
      { HF_ENDPOINT: server.origin },
    )
    return {
      draw: drawAnswers,
      read: async ({ files }) => {
        server.answer = () => files['info.http'] ?? ''
        const repository = await readRepository(reference, connection)
        return filesOf(repository)
      },
      close: server.close,
    }
  },
}

/** Which of the files are fetched, and where they are put. */
function filesOf(repository: HubRepository): string[] {
  const model = onnxFile(reference, repository)
  const notes: string[] = []
  const described = descriptionFiles(model, repository, (line) => notes.push(line))
  const outside = [model, ...described].filter(({ path }) => path.split('/').includes('..') || path.startsWith('/'))
  return [...messageFaults(repository.licence), ...notes.flatMap(messageFaults), ...outside.map(({ path }) => path)]
}

function drawAnswers(random: Random): FuzzCase {
  const info = { _id: '1', id: 'owner/name', sha: commit, private: false, gated: false, likes: 0, downloads: 0 }
  const card = random.pick<object>([
    { cardData: { license: 'mit' } },
    { tags: ['license:mit'] },
    { cardData: { license: ['a', 'b'] } },
    {},
  ])
  const text = (document: unknown) => documentText(disturb(document, random), random)
  const siblings = drawSiblings(random)
  const files = { 'info.http': drawResponse(random, 200, {}, text({ ...info, ...card, siblings })) }
  return { kind: 'answers', files }
}

function drawSiblings(random: Random): unknown {
  const names = [
    'model.onnx',
    'onnx/model.onnx',
    'config.json',
    'a.onnx',
    'model.input.json',
    'weights.bin',
    '../x.onnx',
  ]
  return random.several(5, () => ({
    rfilename: random.chance(0.95) ? random.pick(names) : oddText(random),
    size: random.below(5000),
    blobId: '1'.repeat(40),
    ...(random.chance(0.5) && {
      lfs: { sha256: '2'.repeat(64), size: random.below(5000), pointerSize: 130 },
      xetHash: 'x',
    }),
  }))
}
