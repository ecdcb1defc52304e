import { messages, text } from '../protobufFile.js'
import { readingModel } from './interface.js'

/**
 * Texts that an ONNX file carries under the given keys (`metadata_props`); others are skipped.
 *
 * @throws InputError when there is no such file, or it is not an ONNX model
 */
export function readModelMetadata(path: string, keys: readonly string[]): ReadonlyMap<string, string> {
  return readingModel(path, (file) => {
    const properties = messages(file, file.whole, 14)
    return new Map(
      properties.flatMap((property): [string, string][] => {
        const key = text(file, property, 1)
        return keys.includes(key) ? [[key, text(file, property, 2)]] : []
      }),
    )
  })
}
