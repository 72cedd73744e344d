/** Loads a package that only some settings need, and says how to install it where it is absent. */
import { Misconfigured } from './errors.ts';

/** `setting` is the key that asks for it. @throws {Misconfigured} it is not installed. */
export async function optionalPackage<T>(
  setting: string,
  name: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    // Absent packages are foreseen: they are optional. What else is wrong with one is told as it is.
    if (!isAbsence(error)) throw error;
    throw new Misconfigured(
      `${setting} needs a package that is not installed. Run: npm install ${name}`,
      { cause: error },
    );
  }
}

/** Of the package, or of one that it needs. */
function isAbsence(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND')
  );
}
