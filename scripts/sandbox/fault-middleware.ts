/** Makes the faults that are in force: outages, throttling, slow answers. */
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type Koa from 'koa';
import { isPath } from './api-path.ts';
import type { Service } from './faults.ts';
import { graphError } from './graph-error.ts';
import { identityError } from './managed-identity.ts';
import { otherHost } from './other-host.ts';
import { errorBody, ProtocolError, traceOf } from './protocol-error.ts';
import { recordOf } from './request-log.ts';
import type { SandboxState } from './sandbox-state.ts';

function serviceOf(endpoint: string): Service | undefined {
  if (endpoint === 'graph' || endpoint === 'todo') return endpoint;
  if (endpoint === 'managed-identity') return endpoint;
  return endpoint === 'other' || endpoint === 'files' ? undefined : 'authority';
}

/** 50 MB of valid JSON. */
function* bigBody(): Generator<string> {
  yield '{"value":"';
  for (let megabyte = 0; megabyte < 50; megabyte += 1) yield 'x'.repeat(1_000_000);
  yield '"}';
}

function refuse(ctx: Koa.Context, state: SandboxState, service: Service, status: number): void {
  if (service === 'authority') {
    const trace = traceOf(state.now(), ctx.get('client-request-id'));
    ctx.status = status;
    ctx.body = errorBody(new ProtocolError(90033), trace, state.url);
  } else if (service === 'managed-identity') {
    identityError(ctx, status, 'The managed identity endpoint has a bad day.');
  } else {
    const messages: Record<number, [string, string]> = {
      403: ['ErrorAccessDenied', 'Access is denied. Check credentials and try again.'],
      404: ['ResourceNotFound', 'Resource could not be discovered.'],
      503: ['serviceNotAvailable', 'The service is temporarily unavailable.'],
    };
    const [code, message] = messages[status] ?? ['generalException', 'An error has occurred.'];
    graphError(ctx, state, status, code, message);
  }
}

/** Answers, or leaves unanswered, as an outage wants it; `html` is a proxy's page, 502 before the authority, 200 before an API. */
function fail(ctx: Koa.Context, state: SandboxState, service: Service, outage: string): void {
  const { socket } = ctx.req;
  switch (outage) {
    case 'silence':
      ctx.respond = false;
      return;
    case 'connection-reset':
      ctx.respond = false;
      if (socket instanceof TLSSocket) socket.destroy();
      else socket.resetAndDestroy();
      return;
    case 'html':
      ctx.status = service === 'authority' ? 502 : 200;
      ctx.type = 'html';
      ctx.body = '<!doctype html><title>Gateway</title><h1>The gateway is having a bad day</h1>';
      return;
    case 'redirect':
      ctx.redirect(otherHost(state.url, 'elsewhere').href);
      return;
    case 'big-body':
      ctx.type = 'json';
      ctx.body = Readable.from(bigBody());
      return;
    case '503json':
      refuse(ctx, state, service, 503);
      return;
    default:
      refuse(ctx, state, service, Number(outage));
  }
}

/** `Too Many Requests` in plain text from the authority, in JSON from an API, both with Retry-After. */
function throttled(ctx: Koa.Context, state: SandboxState, service: Service): boolean {
  const throttle = [...state.faults.throttles.values()].find(
    (each) =>
      each.service === service && each.remaining > 0 && isPath(service, each.path, ctx.path),
  );
  const counted = service !== 'authority' || recordOf(ctx).endpoint === 'token';
  if (!throttle || !counted) return false;
  throttle.remaining -= 1;
  if (service === 'authority') {
    ctx.status = 429;
    ctx.type = 'text';
    ctx.body = 'Too Many Requests';
  } else if (service === 'managed-identity') {
    identityError(ctx, 429, 'Too many requests.');
  } else {
    graphError(ctx, state, 429, 'TooManyRequests', 'Too many requests. Please retry later.');
  }
  ctx.set('retry-after', String(throttle.retryAfterSeconds));
  return true;
}

/** A tenant that asks too much, as a whole: said in JSON, with a number. */
function tenantThrottled(ctx: Koa.Context, state: SandboxState): boolean {
  const throttle = state.faults.tenantThrottle;
  const record = recordOf(ctx);
  if (!throttle || throttle.remaining <= 0 || record.endpoint !== 'token') return false;
  throttle.remaining -= 1;
  const error = new ProtocolError(90055);
  record.error = error.error;
  ctx.status = error.status;
  ctx.body = errorBody(error, traceOf(state.now(), ctx.get('client-request-id')), state.url);
  ctx.set('retry-after', String(throttle.retryAfterSeconds));
  return true;
}

/** Latency comes after the work: a caller that gives up has still spent what it sent. */
export function makeFaults(state: SandboxState): Koa.Middleware {
  return async (ctx, next) => {
    const { endpoint } = recordOf(ctx);
    const service = serviceOf(endpoint);
    if (!service) return next();
    const outage = state.faults.outages.get(service) ?? 'none';
    const confined = service === 'authority' ? state.faults.outageEndpoints : undefined;
    if (outage !== 'none' && (confined?.includes(endpoint) ?? true)) {
      return fail(ctx, state, service, outage);
    }
    if (throttled(ctx, state, service) || tenantThrottled(ctx, state)) return;
    await next();
    const slow = service !== 'authority' || endpoint === 'token';
    if (slow && state.latencyMs > 0) await delay(state.latencyMs);
  };
}
