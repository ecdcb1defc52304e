import { dirname } from 'node:path'
import { checkInputOptions, type InputOptions } from './input/options.js'
import { type InputRecipe, inputRecipe } from './input/recipe.js'
import { imageInput, type PlannedInput, plannedInput } from './onnx/imageInput.js'
import { type ModelInterface, readModelInterface } from './onnx/interface.js'

/** What is known of a model beside its file. */
export interface DescriptionChoice extends InputOptions {
  /** Folders in which files may lie that describe the model; its own by default. */
  readonly folders?: readonly string[]
  /** How its input is made, where that is known. */
  readonly recipe?: InputRecipe
}

/** An ONNX file whose input is known. */
export interface DescribedModel extends PlannedInput {
  readonly path: string
  /** What messages call it: its path, or its id in the catalog. */
  readonly name: string
  /** In which files may lie that describe it. */
  readonly folders: readonly string[]
  readonly model: ModelInterface
  readonly inputSource: string
}

/**
 * An ONNX file with its input as the engine is to see it.
 * @throws UsageError for options that make no input; InputError when the file is no model of images, or what describes it is
 * damaged
 */
export async function describedModel(path: string, choice: DescriptionChoice): Promise<DescribedModel> {
  checkInputOptions(choice)
  const model = readModelInterface(path)
  const image = imageInput(path, model)
  const takesBytes = image.tensor.type === 'uint8'
  const { folders = [dirname(path)] } = choice
  const recipe = choice.recipe ?? (await inputRecipe(path, folders, choice, takesBytes))
  const planned = plannedInput(path, image, model, recipe, choice.inputSize)
  return { path, name: path, folders, model, ...planned, inputSource: recipe.source }
}
