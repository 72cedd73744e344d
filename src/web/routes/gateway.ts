/** `ANY /api/:name/*`: passes on what an API's `Gateway` rules open, both ways as it comes, and nothing else. */
import type { DownstreamApi, GatewayRule } from '../../config/settings.ts';
import { matchGatewayRule } from '../../downstream/gateway-rules.ts';
import { Forbidden } from '../../errors.ts';
import { goneSignal } from '../api.ts';
import { bodyToRelay } from '../body-to-relay.ts';
import { type Context, type Middleware, type Parts, signedIn } from '../context.ts';
import { apiRequestHeaders, setGatewayHeaders } from '../gateway-headers.ts';

/** What is sent again by itself when an API refuses an access token; more is kept by nobody. */
const MAX_SENT_AGAIN_BYTES = 256 * 1024;
/** For so long neither end moves anything: then it is given up. Longer than proxies have patience. */
const STILL_MS = 240_000;
/** What a script, an image or a player asks for; never a document, a frame or a worker. */
const DESTINATIONS = new Set(['empty', 'image', 'audio', 'video']);
const WITHOUT_BODY = new Set([204, 205, 304]);

interface Opened {
  readonly api: DownstreamApi;
  readonly rule: GatewayRule;
  readonly path: string;
}

export function gateway({ apiClient }: Parts): Middleware {
  return async (ctx) => {
    refuseOtherDestinations(ctx);
    const { api, rule, path } = openedBy(ctx);
    const account = signedIn(ctx);
    const canHaveBody = ctx.method !== 'GET' && ctx.method !== 'HEAD';
    const sent = canHaveBody ? await bodyToRelay(ctx.req, MAX_SENT_AGAIN_BYTES) : undefined;

    const relayed = apiClient.relay(account, {
      api,
      method: ctx.method,
      path,
      query: queryFor(api, ctx.querystring),
      headers: apiRequestHeaders(ctx.headers, api.defaults.headers),
      body: sent?.body,
      bodyBytes: sent?.bytes,
      scopes: rule.scopes ?? api.scopes,
      accept: ctx.get('Accept') || '*/*',
      acceptEncoding: ctx.get('Accept-Encoding') || 'identity',
      correlationId: ctx.state.correlationId,
      signal: goneSignal(ctx),
    });
    // What is not handed on is taken in for nobody: browsers read no answer before they have sent all.
    const answer = await relayed.catch((error: unknown) => {
      if (sent && !Buffer.isBuffer(sent.body)) sent.body.destroy();
      throw error;
    });

    ctx.status = answer.status;
    const isEmpty = WITHOUT_BODY.has(answer.status) || ctx.method === 'HEAD';
    if (isEmpty && !answer.whole) answer.body.destroy();
    ctx.body = isEmpty ? '' : (answer.whole ?? answer.body);
    setGatewayHeaders(ctx, answer.headers);
    if (!isEmpty && !answer.whole) sendAsItComes(ctx);
  };

  /** @throws {Forbidden} no rule opens it. */
  function openedBy(ctx: Context): Opened {
    const [, segment = '', path = ''] = /^\/api\/([^/]*)(.*)$/s.exec(ctx.path) ?? [];
    const api = apiClient.find(segment);
    // An API without rules is not there for front-ends at all.
    if (!api || api.gateway.length === 0) ctx.throw(404);
    const rule = matchGatewayRule(api, ctx.method, path);
    if (rule) return { api, rule, path };
    throw new Forbidden(`No rule of this site opens ${ctx.method} at this path of ${api.name}.`, {
      detail: { api: api.name },
    });
  }
}

/** @throws {Forbidden} the answer would be shown as a document, or run as a script of our origin. */
function refuseOtherDestinations(ctx: Context): void {
  const destination = ctx.headers['sec-fetch-dest'];
  const isOther = destination !== undefined && !DESTINATIONS.has(String(destination));
  if (isOther || ctx.headers['service-worker'] !== undefined) {
    throw new Forbidden('This address answers scripts and pictures only, not pages.');
  }
}

/** The front-end's, without what the API's section sets: APIs read names in any case of letters. */
function queryFor({ defaults }: DownstreamApi, querystring: string): URLSearchParams {
  const ours = new Set(Object.keys(defaults.query).map((name) => name.toLowerCase()));
  const sent = [...new URLSearchParams(querystring)];
  return new URLSearchParams(sent.filter(([name]) => !ours.has(name.toLowerCase())));
}

/** A stream of events begins with its headers, which would else wait for the first event. */
function sendAsItComes({ res }: Context): void {
  res.setTimeout(STILL_MS);
  res.once('pipe', () =>
    setImmediate(() => {
      if (!res.headersSent && !res.destroyed) res.flushHeaders();
    }),
  );
}
