/** Options that a table of schemas declares have a value in the source, which TypeDoc would show as their default: "= ...". */
export function load({ converter }) {
  converter.on('resolveReflection', (_context, reflection) => {
    if (reflection.defaultValue === '...') delete reflection.defaultValue
  })
}
