/** Waits for work no longer than a limit lets it. */

/**
 * What `work` gives, or `late` once `limit` is over. An answer that came while this process itself
 * was held up is read before the verdict.
 */
export async function inTime<T>(work: Promise<T>, limit: AbortSignal, late: Error): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onLimit = () => setImmediate(() => reject(late));
  if (limit.aborted) onLimit();
  else limit.addEventListener('abort', onLimit, { once: true });
  work.then(resolve, reject);
  try {
    return await promise;
  } finally {
    limit.removeEventListener('abort', onLimit);
  }
}
