/** Chooses which headers pass the gateway, and makes its answers harmless on our origin. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from './context.ts';
import { mediaType } from './media-type.ts';

type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What a front-end may tell an API: no cookie, no credential, nothing about the route it took. */
const TO_THE_API = [
  'accept-language',
  'consistencylevel',
  'content-language',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'prefer',
  'range',
];

const TO_THE_FRONT_END = [
  'accept-ranges',
  // The bytes are those of the API, so their length and their encoding are, too.
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'etag',
  'last-modified',
  'odata-version',
  'preference-applied',
  'request-id',
  'retry-after',
];

/** Answers whose own length says nothing of what is sent here. */
const WITHOUT_LENGTH = new Set([204, 205, 304]);
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json$/;
const RASTER_IMAGE = /^image\/(?:jpeg|png|gif|webp|avif|bmp)$/;

/** Those of a front-end for an API; what its section sets under `ours` is not a front-end's to say. */
export function apiRequestHeaders(
  headers: IncomingHttpHeaders,
  ours: Readonly<Record<string, string>>,
): Record<string, string> {
  const isOurs = new Set(Object.keys(ours).map((name) => name.toLowerCase()));
  return Object.fromEntries(
    TO_THE_API.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' && !isOurs.has(name) ? [[name, value]] : [];
    }),
  );
}

/**
 * Sets the headers of a gateway answer.
 *
 * It comes from another party and is served from our origin: sandboxed without scripts, never
 * sniffed or kept, and downloaded rather than shown unless it is JSON or a raster image.
 */
export function setGatewayHeaders(ctx: Context, answer: AnswerHeaders): void {
  for (const name of TO_THE_FRONT_END) {
    const value = answer[name];
    if (typeof value === 'string') ctx.set(name, value);
  }
  if (WITHOUT_LENGTH.has(ctx.status)) ctx.remove('Content-Length');
  const { essence, header } = mediaType(answer['content-type']);
  ctx.set('Content-Type', header);
  ctx.set('Content-Security-Policy', "sandbox; default-src 'none'");
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Cross-Origin-Resource-Policy', 'same-origin');
  ctx.set('Cache-Control', 'no-store');
  const isHarmless = JSON_TYPE.test(essence) || RASTER_IMAGE.test(essence);
  if (!isHarmless) ctx.set('Content-Disposition', 'attachment');
  // Proxies of the kind of nginx would collect events before they pass them on.
  if (essence === 'text/event-stream') ctx.set('X-Accel-Buffering', 'no');
}
