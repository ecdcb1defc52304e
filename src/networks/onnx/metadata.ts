import { messages, text } from '../protobufFile.js'
import { ModelProto, StringStringEntryProto } from './fields.js'
import { readingModel } from './interface.js'

/**
 * Texts that an ONNX file carries under the given keys (`metadata_props`); others are skipped.
 *
 * @throws InputError when there is no such file, or it is not an ONNX model
 */
export function readModelMetadata(path: string, keys: readonly string[]): ReadonlyMap<string, string> {
  return readingModel(path, (file) => {
    const properties = messages(file, file.whole, ModelProto.metadata_props)
    return new Map(
      properties.flatMap((property): [string, string][] => {
        const key = text(file, property, StringStringEntryProto.key)
        return keys.includes(key) ? [[key, text(file, property, StringStringEntryProto.value)]] : []
      }),
    )
  })
}
