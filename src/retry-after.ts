/** `Retry-After` (RFC 9110 §10.2.3), as seconds or as a date. */

/** Nothing is believed that asks for a longer quiet. */
const MAX_SECONDS = 3600;

/** Whole seconds from `now` (epoch milliseconds), from 0 to 3600; `undefined` without a readable header. */
export function retryAfterSeconds(
  header: string | string[] | null | undefined,
  now: number,
): number | undefined {
  const text = [header].flat()[0]?.trim();
  if (!text) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  if (Number.isNaN(seconds)) return undefined;
  return Math.min(Math.max(Math.ceil(seconds), 0), MAX_SECONDS);
}
