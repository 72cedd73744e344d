/** `GET` to the remote sign-out path: the authority, in a frame of its own page, tells of a sign-out there. */
import type { Context, Middleware, Parts } from '../context.ts';
import { endBySid } from '../end-sessions.ts';

/** Entra ID's is a GUID; others may be longer. */
const SID = /^[\x21-\x7e]{1,256}$/;
const FRAMEABLE = "default-src 'none'; frame-ancestors *";

/**
 * OpenID Connect Front-Channel Logout 1.0, by `sid` (and `iss`, if it is sent), never by a cookie:
 * browsers send none to a frame of another site. Anyone may send such a request, so all it can do
 * is end the sessions of a `sid`, which is not to be guessed; the authority is not asked anything.
 */
export function frontChannelSignOut(parts: Parts): Middleware {
  const { log, sids, limitRemoteSignOuts } = parts;
  return async (ctx) => {
    const { sid, iss } = readQuery(ctx);
    // Only guesses are counted: they must not keep anyone's session from being ended.
    if (sid === undefined || !(await sids.isKnown(sid))) await limitRemoteSignOuts(ctx);
    if (sid === undefined) {
      const { correlationId } = ctx.state;
      log.warn({ event: 'front_channel_without_sid', correlationId }, 'no optional claim "sid"?');
    } else {
      await endBySid(parts, ctx, { sid, iss }, 'front_channel');
    }
    ctx.set('Content-Security-Policy', FRAMEABLE);
    ctx.remove('X-Frame-Options');
    ctx.status = 200;
    ctx.type = 'text';
    ctx.body = 'Signed out.';
  };
}

function readQuery(ctx: Context): { sid: string | undefined; iss: string | undefined } {
  const query = new URLSearchParams(ctx.querystring);
  const [sid, ...otherSids] = query.getAll('sid');
  const [iss, ...otherIssuers] = query.getAll('iss');
  const isClear = otherSids.length + otherIssuers.length === 0 && (!sid || SID.test(sid));
  if (!isClear) ctx.throw(400);
  return { sid: sid || undefined, iss };
}
