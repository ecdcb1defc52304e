import { expect } from 'vitest'
import { InputError } from '../../src/errors.js'

/** Message of the error that `action` throws. Checks that it has the given type and one line. */
export async function messageOf(
  action: Promise<unknown>,
  type: new (message: string) => Error = InputError,
): Promise<string> {
  const error: unknown = await action.then(() => undefined).catch((reason) => reason)
  expect(error).toBeInstanceOf(type)
  expect((error as Error).message).not.toContain('\n')
  return (error as Error).message
}
