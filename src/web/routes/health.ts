/** `GET /health/live` and `/health/ready`: for those who watch the site. */
import { daysLeft, endsSoon } from '../../credentials/watch-credentials.ts';
import { Unavailable } from '../../errors.ts';
import { type StoreState, StoreUnavailable } from '../../storage/store-unavailable.ts';
import type { Middleware, Parts } from '../context.ts';

export const live: Middleware = (ctx) => {
  ctx.body = { status: 'live' };
};

/** Ready while the store takes writes: with the authority away, people who are signed in go on working. */
export function ready({ storage, authority, now }: Parts): Middleware {
  return async (ctx) => {
    const store = await stateOf(storage.ping());
    ctx.status = store === 'up' ? 200 : 503;
    ctx.body = {
      status: store === 'up' ? 'ready' : 'unavailable',
      store,
      authority: authority.health(),
      credentials: credentialStates(authority, now()),
    };
  };
}

/**
 * They do not make the site unready: people who are signed in go on working with the tokens they have.
 * Without the reasons, which name files and vaults: those are in the log, as anyone may ask here.
 */
function credentialStates({ credentials }: Parts['authority'], now: number) {
  return credentials.status.map(({ key, sourceType, state, problem, thumbprint, expiresAt }) => ({
    credential: key,
    sourceType,
    state: key === credentials.inUse && state === 'usable' ? 'in_use' : state,
    // Though it serves: the next start would not find it so, or it ends soon.
    ...(((state === 'usable' && problem !== undefined) || endsSoon(expiresAt, now)) && {
      warning: true,
    }),
    ...(thumbprint !== undefined && { thumbprint }),
    ...(expiresAt !== undefined && {
      expiresOn: new Date(expiresAt).toISOString(),
      daysLeft: daysLeft(expiresAt, now),
    }),
  }));
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
