import { basename, dirname, extname } from 'node:path'
import { shellWord } from '../../support/text.js'

/** A format that Shiftscope cannot read, and what to do with a file of this format. */
interface ForeignFormat {
  /** Name of the format, such as "a Keras model". */
  readonly kind: string
  /** @param to path for the ONNX file. Both paths are words for a shell. */
  readonly remedy: (from: string, to: string) => string
}

const converted = (command: string, to: string) => `convert it with ${command} and use ${to}`

const keras: ForeignFormat = {
  kind: 'a Keras model',
  remedy: (from, to) =>
    converted(
      `python -c "import sys, keras; keras.saving.load_model(sys.argv[1]).export(sys.argv[2], format='onnx')" ${from} ${to}`,
      to,
    ),
}
const tensorrt: ForeignFormat = {
  kind: 'a TensorRT engine',
  remedy: () => 'use the ONNX file that the engine was built from',
}

/** Formats of other frameworks, by the extension of their files. */
const FOREIGN_FORMATS: Readonly<Record<string, ForeignFormat>> = {
  '.tflite': {
    kind: 'a TensorFlow Lite model',
    remedy: (from, to) => converted(`python -m tf2onnx.convert --tflite ${from} --output ${to}`, to),
  },
  '.pb': {
    kind: 'a TensorFlow graph',
    remedy: (from, to) =>
      converted(
        basename(from) === 'saved_model.pb'
          ? `python -m tf2onnx.convert --saved-model ${dirname(from)} --output ${to}`
          : `python -m tf2onnx.convert --graphdef ${from} --inputs INPUT:0 --outputs OUTPUT:0 --output ${to}`,
        to,
      ),
  },
  '.h5': keras,
  '.hdf5': keras,
  '.keras': keras,
  '.mlmodel': {
    kind: 'a Core ML model',
    remedy: (from, to) =>
      converted(
        `python -c "import sys, coremltools, onnxmltools as o; o.utils.save_model(o.convert_coreml(coremltools.utils.load_spec(sys.argv[1])), sys.argv[2])" ${from} ${to}`,
        to,
      ),
  },
  '.engine': tensorrt,
  '.plan': tensorrt,
  '.trt': tensorrt,
  '.gguf': {
    kind: 'a file of weights for llama.cpp',
    remedy: () =>
      'export the original model with "optimum-cli export onnx --model OWNER/NAME FOLDER" and use its .onnx file',
  },
  '.ort': {
    kind: 'a model in ONNX Runtime’s own format',
    remedy: () => 'use the .onnx file that it was made from',
  },
}

export const FOREIGN_EXTENSIONS: readonly string[] = Object.keys(FOREIGN_FORMATS)

/** Says that a file has the format of another framework, and what to do; undefined for any other extension. */
export function foreignFormat(path: string): string | undefined {
  const format = FOREIGN_FORMATS[extname(path).toLowerCase()]
  if (format === undefined) return undefined
  const to = shellWord(`${path.slice(0, -extname(path).length)}.onnx`)
  return `${path} is ${format.kind}, which Shiftscope cannot read; ${format.remedy(shellWord(path), to)}`
}
