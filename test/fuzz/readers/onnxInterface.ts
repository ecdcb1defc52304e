import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { externalFiles } from '../../../src/networks/onnx/externalData.js'
import { writeGraphCopy } from '../../../src/networks/onnx/graphCopy.js'
import { readOnnxFile } from '../../../src/networks/onnx/onnxFile.js'
import { goldenFiles } from '../goldens.js'
import { mutate } from '../mutation.js'
import { drawOnnx } from '../protobufs.js'
import { placeFiles, type Reader } from '../reader.js'

/** What is read of an ONNX file without running it; ONNX Runtime is not asked. */
export const onnxInterface: Reader = {
  name: 'onnx-interface',
  open: (folder) => {
    const corpus = goldenFiles('onnx', /\.onnx$/)
    mkdirSync(join(folder, 'sub'), { recursive: true })
    writeFileSync(join(folder, 'data.bin'), Buffer.alloc(64))
    symlinkSync(join(folder, '..', 'secret'), join(folder, 'link'))
    symlinkSync(join(folder, '..'), join(folder, 'up'))
    return {
      draw: (random) => {
        const drawn = random.chance(0.5) ? drawOnnx(random) : undefined
        const intact = drawn ?? random.pick(corpus)
        const isChanged = drawn === undefined || random.chance(0.3)
        return { kind: 'onnx', files: { 'case.onnx': isChanged ? mutate(intact, random, corpus) : intact } }
      },
      read: (drawn) => {
        placeFiles(folder, drawn)
        return readOnnx(join(folder, 'case.onnx'), join(folder, 'copy.onnx'))
      },
    }
  },
}

/** A copy must read as the original does. */
async function readOnnx(path: string, copy: string): Promise<string[]> {
  const model = readOnnxFile(path)
  await externalFiles(model)
  const outputs = [...model.tensors].slice(0, 2)
  await writeGraphCopy(copy, path, { outputs })
  const names = readOnnxFile(copy).outputs.map(({ name }) => name)
  const expected = [...model.outputs.map(({ name }) => name), ...outputs]
  // Where the model has several graphs, the additions stand in the first.
  const isSame = JSON.stringify([...names].sort()) === JSON.stringify([...expected].sort())
  return isSame && existsSync(copy) ? [] : ['the copy has other outputs']
}
