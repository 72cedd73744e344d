/** `GET /health/live` and `/health/ready`: for those who watch the site. */
import { Unavailable } from '../../errors.ts';
import { type StoreState, StoreUnavailable } from '../../storage/store-unavailable.ts';
import type { Middleware, Parts } from '../context.ts';

export const live: Middleware = (ctx) => {
  ctx.body = { status: 'live' };
};

/** Ready while the store takes writes: with the authority away, people who are signed in go on working. */
export function ready({ storage, authority }: Parts): Middleware {
  return async (ctx) => {
    const store = await stateOf(storage.ping());
    ctx.status = store === 'up' ? 200 : 503;
    ctx.body = {
      status: store === 'up' ? 'ready' : 'unavailable',
      store,
      authority: authority.health(),
    };
  };
}

async function stateOf(ping: Promise<void>): Promise<'up' | StoreState> {
  try {
    await ping;
    return 'up';
  } catch (error) {
    // Being away is what was asked about.
    if (error instanceof StoreUnavailable) return error.state;
    if (error instanceof Unavailable) return 'down';
    throw error;
  }
}
