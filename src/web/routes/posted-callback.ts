/** `POST` to the callback: keeps the answer that the authority had the browser post, and goes on by a link. */
import type { Middleware, Parts } from '../context.ts';
import { readRequestBody } from '../request-body.ts';

/** Twice as much as an address may hold. */
const MAX_BYTES = 16_384;
const MAX_STATE_LENGTH = 1024;

/**
 * Runs without a session and reads no cookie: the browser sends none with another site's form.
 *
 * Who may complete the sign-in is seen at the `GET` that follows.
 */
export function postedCallback(parts: Parts): Middleware {
  const { settings, postedAnswers, limitSignIns } = parts;
  return async (ctx) => {
    ctx.state.retryUrl = '/sign-in';
    if (!ctx.is('application/x-www-form-urlencoded')) ctx.throw(415);
    const body = await readRequestBody(ctx, MAX_BYTES);
    const form = new URLSearchParams(body?.toString());
    const state = form.get('state')?.slice(0, MAX_STATE_LENGTH) ?? '';
    // Counted already when it was begun, and counted once more when it is completed.
    if (!(await postedAnswers.keep(state, form))) await limitSignIns(ctx);
    ctx.status = 303;
    ctx.redirect(`${settings.azureAd.callbackPath}?${new URLSearchParams({ state })}`);
  };
}
