import { basename, dirname, extname } from 'node:path'
import { shellWord } from '../support/text.js'

/** A format that Shiftscope cannot read. */
interface ForeignFormat {
  /** Name of the format, such as "a Keras model". */
  readonly kind: string
  /** What to do with a file of this format. The paths of the file, its folder and the ONNX file are words for a shell. */
  readonly remedy: (paths: { readonly from: string; readonly folder: string; readonly to: string }) => string
}

function convertible(kind: string, command: (paths: Parameters<ForeignFormat['remedy']>[0]) => string): ForeignFormat {
  return { kind, remedy: (paths) => `convert it with ${command(paths)} and use ${paths.to}` }
}

const keras = convertible(
  'a Keras model',
  ({ from, to }) =>
    `python -c "import sys, keras; keras.saving.load_model(sys.argv[1]).export(sys.argv[2], format='onnx')" ${from} ${to}`,
)
const tensorrt: ForeignFormat = {
  kind: 'a TensorRT engine',
  remedy: () => 'use the ONNX file that the engine was built from',
}

const SAVED_MODEL = 'saved_model.pb'

/** Formats of other frameworks, by the extension of their files. A SavedModel of TensorFlow has a fixed file name. */
const FOREIGN_FORMATS: Readonly<Record<string, ForeignFormat>> = {
  [SAVED_MODEL]: convertible(
    'a TensorFlow model',
    ({ folder, to }) => `python -m tf2onnx.convert --saved-model ${folder} --output ${to}`,
  ),
  '.pb': convertible(
    'a TensorFlow graph',
    ({ from, to }) => `python -m tf2onnx.convert --graphdef ${from} --inputs INPUT:0 --outputs OUTPUT:0 --output ${to}`,
  ),
  '.tflite': convertible(
    'a TensorFlow Lite model',
    ({ from, to }) => `python -m tf2onnx.convert --tflite ${from} --output ${to}`,
  ),
  '.h5': keras,
  '.hdf5': keras,
  '.keras': keras,
  '.mlmodel': convertible(
    'a Core ML model',
    ({ from, to }) =>
      `python -c "import sys, coremltools, onnxmltools as o; o.utils.save_model(o.convert_coreml(coremltools.utils.load_spec(sys.argv[1])), sys.argv[2])" ${from} ${to}`,
  ),
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

export const FOREIGN_EXTENSIONS: readonly string[] = Object.keys(FOREIGN_FORMATS).filter((name) => name !== SAVED_MODEL)

/** Says that a file has the format of another framework, and what to do; undefined for any other file. */
export function foreignFormat(path: string): string | undefined {
  const extension = extname(path)
  const format = FOREIGN_FORMATS[basename(path) === SAVED_MODEL ? SAVED_MODEL : extension.toLowerCase()]
  if (format === undefined) return undefined
  const to = `${path.slice(0, path.length - extension.length)}.onnx`
  const paths = { from: shellWord(path), folder: shellWord(dirname(path)), to: shellWord(to) }
  return `${path} is ${format.kind}, which Shiftscope cannot read; ${format.remedy(paths)}`
}
