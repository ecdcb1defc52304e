import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withFile } from '../../src/files/openFile.js'
import { readMessage } from '../../src/files/protobuf/messages.js'
import { messageField } from '../../src/files/protobuf/wire.js'
import { modelTable } from '../../src/onnx/format/messages.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

it('a message with more parts than any has is refused before they fill the memory', async () => {
  const nodes = Buffer.alloc(8_200_000, Buffer.from([0x0a, 0x00]))
  writeFileSync(folder('many'), Buffer.concat([messageField(7, [nodes])[0] as Uint8Array, nodes]))
  const read = withFile(folder('many'), (file) => readMessage(file, modelTable))
  await expect(read).rejects.toThrow('more than 4000000 messages and list entries')
})
