interface Layout {
  /** Short name, which is also the name of the folder for the results. */
  readonly name: string
  readonly title: string
  readonly expression: string
  /** Images by their names in the expression. Each image is a list of objects in the format of `parseLayout`. */
  readonly images: Readonly<Record<string, string>>
}

/** Side of the objects in pixels. The smaller patches of the paper have the same size. */
export const SCENE_SIZE = 75

/**
 * Expressions that `reproduce` computes. The first two are from the paper (Figure 6), with oranges instead of
 * strawberries.
 */
export const ARITHMETIC_SCENES: readonly Layout[] = [
  {
    name: 'three-minus-two',
    title: 'Three oranges minus two leave one (Figure 6a)',
    expression: 'A - B',
    images: { A: 'orange@10,10 orange@10,139 orange@139,10', B: 'orange@10,10 orange@10,139' },
  },
  {
    name: 'one-plus-two',
    title: 'One orange and two make three (Figure 6b)',
    expression: 'A + B',
    images: { A: 'orange@10,10', B: 'orange@10,139 orange@139,139' },
  },
  {
    name: 'one-plus-one',
    title: 'Two objects of different classes side by side',
    expression: 'A + B',
    images: { A: 'dog@74,5', B: 'car@74,144' },
  },
  {
    name: 'two-minus-one',
    title: 'Two objects of different classes minus one',
    expression: 'A - B',
    images: { A: 'airplane@10,10 boat@139,139', B: 'boat@139,139' },
  },
  {
    name: 'three-minus-one',
    title: 'Three objects of different classes minus the one in the middle',
    expression: 'A - B',
    images: { A: 'banana@5,5 clock@74,74 bird@144,144', B: 'clock@74,74' },
  },
  {
    name: 'exchange',
    title: 'One object comes in, another goes',
    expression: 'A + B - C',
    images: { A: 'zebra@10,74 bird@139,10', B: 'laptop@139,139', C: 'zebra@10,74' },
  },
  {
    name: 'move',
    title: 'A dog is taken away on the left and put on the right',
    expression: 'A - B + C',
    images: { A: 'dog@10,10 clock@139,74', B: 'dog@10,10', C: 'dog@10,139' },
  },
  {
    name: 'large',
    title: 'Two large objects',
    expression: 'A + B',
    images: { A: 'orange:110@2,2', B: 'bird:110@112,112' },
  },
]
