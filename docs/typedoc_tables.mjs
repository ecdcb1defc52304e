/** Options declared in a table of schemas have a value in the source. TypeDoc would show it as a default, "= ...". */
export function load({ converter }) {
  converter.on('resolveReflection', (_context, reflection) => {
    if (reflection.defaultValue === '...') delete reflection.defaultValue
  })
}
