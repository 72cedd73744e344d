/** What a route calls an API with: `api(ctx, 'Reports').get('/reports')`. */
import { BoundApi } from '../downstream/bound-api.ts';
import { Misconfigured } from '../errors.ts';
import { type Context, signedIn } from './context.ts';

/**
 * The configured API of that name, for the person signed in; for this site itself where the section
 * says `RequestAppToken`. Calls end when the browser goes away.
 *
 * @throws {Misconfigured} no section has that name.
 * @throws {SignInRequired} it is called for a person, and nobody is signed in.
 */
export function api(ctx: Context, name: string): BoundApi {
  const { apiClient: client, correlationId } = ctx.state;
  const found = client.find(name);
  if (!found) {
    throw new Misconfigured('This page calls an API that is not set up here.', {
      cause: new Error(`no section DownstreamApis:${name}`),
    });
  }
  const caller = found.requestAppToken ? 'site' : signedIn(ctx);
  return new BoundApi({
    client,
    api: found,
    caller,
    request: { correlationId, signal: goneSignal(ctx) },
  });
}

/** Aborted when the browser goes away before it was answered. */
export function goneSignal(ctx: Context): AbortSignal {
  const controller = new AbortController();
  ctx.res.once('close', () => {
    if (!ctx.res.writableFinished) controller.abort();
  });
  return controller.signal;
}
