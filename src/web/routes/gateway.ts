/** `ANY /api/:name/*`: forwards what an API's `Gateway` rules open, and nothing else. */
import type { DownstreamApi, GatewayRule } from '../../config/settings.ts';
import { matchGatewayRule } from '../../downstream/gateway-rules.ts';
import { Forbidden } from '../../errors.ts';
import { goneSignal } from '../api.ts';
import { type Context, type Middleware, type Parts, signedIn } from '../context.ts';
import { apiRequestHeaders, setGatewayHeaders } from '../gateway-headers.ts';
import { readRequestBody } from '../request-body.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;
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
    const body = canHaveBody ? await readRequestBody(ctx, MAX_BODY_BYTES) : undefined;

    const answer = await apiClient.stream(account, {
      api,
      method: ctx.method,
      path,
      query: new URLSearchParams(ctx.querystring),
      headers: apiRequestHeaders(ctx.headers),
      body,
      scopes: rule.scopes ?? api.scopes,
      accept: ctx.get('Accept') || '*/*',
      correlationId: ctx.state.correlationId,
      signal: goneSignal(ctx),
    });

    const isEmpty = WITHOUT_BODY.has(answer.status) || ctx.method === 'HEAD';
    if (isEmpty) answer.body.destroy();
    setGatewayHeaders(ctx, answer.headers);
    ctx.status = answer.status;
    ctx.body = isEmpty ? '' : answer.body;
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
