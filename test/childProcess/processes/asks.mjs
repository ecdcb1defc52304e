/** A program that asks: prints the process's number, and ends, or asks for what never ends. */
const { confined } = await import('../../../dist/childProcess/confined.js')

const ask = confined(new URL('./hostile.mjs', import.meta.url).href)
const limits = { seconds: 600, bytes: Number.POSITIVE_INFINITY }
console.log(await ask('pid', limits))
if (process.argv[2] !== undefined) await ask(process.argv[2], limits)
