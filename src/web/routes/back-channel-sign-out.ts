/** `POST` to the back-channel path: the authority itself tells, in a signed token, of a sign-out there. */
import type { LogoutToken } from '../../authority/read-logout-token.ts';
import { AppError } from '../../errors.ts';
import type { Context, Middleware, Parts } from '../context.ts';
import { endBySid, endBySubject } from '../end-sessions.ts';
import { readRequestBody } from '../request-body.ts';

const MAX_BYTES = 32_768;
/** Refused ones of one network in a minute. */
const MAX_LOGGED = 10;
/** Remembered a little longer than a copy would be taken: clocks need not agree. */
const REPLAY_MARGIN_MS = 60_000;

/**
 * OpenID Connect Back-Channel Logout 1.0. Whatever was not carried out is answered 400 (§2.8), also
 * what may be when it is sent again: a token counts as used once all that it names has ended.
 */
export function backChannelSignOut(parts: Parts): Middleware {
  return async (ctx) => {
    try {
      const refusal = await handle(parts, ctx);
      if (refusal === undefined) {
        ctx.status = 200;
        ctx.body = '';
      } else await refuse(parts, ctx, 'invalid_request', refusal);
    } catch (error) {
      // The authority is told in its own form; anything but a foreseen failure is a bug.
      if (!(error instanceof AppError)) throw error;
      await refuse(parts, ctx, 'temporarily_unavailable', error.message);
    }
  };
}

/** Why the token is no good; `undefined` once all that it names has ended. */
async function handle(parts: Parts, ctx: Context): Promise<string | undefined> {
  const { authority, names, storage, now } = parts;
  const read = await authority.readLogoutToken(await logoutToken(ctx));
  if (read.kind === 'unknown-key') throw read.cause;
  if (read.kind === 'wrong') return `the logout token fails a check: ${read.check}`;
  const { token } = read;
  const used = names.forRandomId(`${token.issuer} ${token.id}`, 'logout');
  if ((await storage.get(used)) !== undefined) return 'the logout token was used before';
  await end(parts, ctx, token);
  await storage.set(used, 'used', Math.max(0, token.expiresAt - now()) + REPLAY_MARGIN_MS);
  return undefined;
}

async function logoutToken(ctx: Context): Promise<string> {
  if (!ctx.is('application/x-www-form-urlencoded')) return '';
  const form = new URLSearchParams((await readRequestBody(ctx, MAX_BYTES))?.toString());
  const [token = '', ...others] = form.getAll('logout_token');
  return others.length === 0 ? token : '';
}

/** By `sid` what began in that session, and only of `sub` if that is named; by `sub` alone all of it. */
async function end(parts: Parts, ctx: Context, token: LogoutToken) {
  const { sid, issuer: iss, accountId, begunBy } = token;
  if (sid !== undefined) await endBySid(parts, ctx, { sid, iss, accountId }, 'back_channel');
  else if (accountId !== undefined) {
    await endBySubject(parts, ctx, { accountId, iss, begunBy }, 'back_channel');
  }
}

/** Anyone may send one: what is made up must neither fill the log nor keep a right one from being heard. */
async function refuse(
  { log, countRefusedTokens }: Parts,
  ctx: Context,
  error: string,
  why: string,
): Promise<void> {
  const { correlationId } = ctx.state;
  const count = await countRefusedTokens(ctx);
  if (count <= MAX_LOGGED) {
    const more = count === MAX_LOGGED ? '; more of this network are not logged for a minute' : '';
    const facts = { event: 'logout_token_refused', correlationId, error, why };
    log.warn(facts, `nothing was signed out${more}`);
  }
  ctx.status = 400;
  ctx.body = { error, error_description: why };
}
