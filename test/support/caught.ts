/** What a promise rejects with, and how long it took. */

/** @throws {Error} it did not reject. */
export async function caught(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** What it rejects with, and after how many milliseconds. @throws {Error} it did not reject. */
export async function caughtAfter(
  work: () => Promise<unknown>,
): Promise<{ error: unknown; tookMs: number }> {
  const begun = performance.now();
  const error = await caught(work());
  return { error, tookMs: performance.now() - begun };
}
