/** Reads the header `Retry-After` (RFC 9110 §10.2.3). */

/** Nothing is believed that asks for a longer quiet. */
const MAX_SECONDS = 3600;

/** Seconds to wait from `now` (epoch milliseconds), from a number or an HTTP date; at most one hour. */
export function retryAfterSeconds(
  header: string | string[] | undefined,
  now: number,
): number | undefined {
  const text = [header].flat()[0]?.trim();
  if (text === undefined) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  if (Number.isNaN(seconds)) return undefined;
  return Math.min(Math.max(Math.ceil(seconds), 0), MAX_SECONDS);
}
