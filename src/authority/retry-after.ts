/** `Retry-After` (RFC 9110 §10.2.3), as seconds or as a date. */

const MAX_SECONDS = 3600;

/** Whole seconds from `now`, from 1 to 3600; `undefined` without a readable header. */
export function retryAfterSeconds(headers: Headers, now: number): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (!text) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  if (Number.isNaN(seconds)) return undefined;
  return Math.min(MAX_SECONDS, Math.max(1, Math.ceil(seconds)));
}
